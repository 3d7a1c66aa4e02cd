// The shop's payments: a server that does mutual TLS itself, with crypto/tls, and its client.
//
//	payments             serves HTTPS on :8443, for the client of ALLOW_ID only
//	payments checkout    asks PAYMENTS_URL again and again; GET /healthz on :8080 tells how it goes
//
// Both take their certificate from files that are replaced before they expire, so they are read
// anew for every handshake.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"probe"
	"serve"
)

const (
	requestTimeout = 3 * time.Second
	maxBody        = 4 << 10
)

// identity is where tls.crt, tls.key and ca.crt are.
var identity = serve.Env("IDENTITY_DIR", "/var/run/secrets/ringfence.dev/identity")

func certificate() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(identity, "tls.crt"), filepath.Join(identity, "tls.key"))
	return &pair, err
}

func roots() (*x509.CertPool, error) {
	text, err := os.ReadFile(filepath.Join(identity, "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("ca.crt holds no certificate")
	}
	return pool, nil
}

// peerID is the SPIFFE ID of a peer whose chain was verified.
func peerID(state *tls.ConnectionState) string {
	if state == nil || len(state.PeerCertificates) == 0 || len(state.PeerCertificates[0].URIs) != 1 {
		return ""
	}
	return state.PeerCertificates[0].URIs[0].String()
}

// serverConfig is made for each connection, as roots may have changed.
func serverConfig(*tls.ClientHelloInfo) (*tls.Config, error) {
	pair, err := certificate()
	if err != nil {
		return nil, err
	}
	pool, err := roots()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{*pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
	}, nil
}

func servePayments() {
	allowed := serve.Env("ALLOW_ID", "")
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := peerID(r.TLS)
		if allowed != "" && id != allowed {
			log.Printf("refused: %q", id)
			http.Error(w, "not for "+id, http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, "paid, %s\n", id)
	})
	server := http.Server{
		Addr:              ":8443",
		Handler:           handler,
		ReadHeaderTimeout: requestTimeout,
		TLSConfig: &tls.Config{
			MinVersion:         tls.VersionTLS13,
			GetConfigForClient: serverConfig,
			GetCertificate:     func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate() },
		},
	}
	log.Print("payments listens on :8443")
	log.Fatal(server.ListenAndServeTLS("", ""))
}

// ask makes one request with a connection of its own.
func ask(url string) (string, error) {
	pool, err := roots()
	if err != nil {
		return "", err
	}
	client := http.Client{Timeout: requestTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS13,
			RootCAs:    pool,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return certificate()
			},
		},
	}}
	answer, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, body)
	}
	return string(body), err
}

// tally counts what the client has asked.
type tally struct {
	sync.Mutex
	good, bad int
	last      string
}

func (t *tally) add(text string, err error) {
	t.Lock()
	defer t.Unlock()
	if err != nil {
		t.bad++
		t.last = err.Error()
		log.Printf("payments: %v", err)
		return
	}
	t.good++
	t.last = text
}

func (t *tally) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	t.Lock()
	defer t.Unlock()
	if t.good == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintf(w, "good %d, bad %d, last: %s\n", t.good, t.bad, t.last)
}

func checkout() {
	var counts tally
	url := serve.Env("PAYMENTS_URL", "https://payments:8443/")
	pause, err := time.ParseDuration(serve.Env("PAUSE", "1s"))
	if err != nil {
		log.Fatalf("PAUSE: %v", err)
	}
	go func() {
		server := http.Server{Addr: ":8080", Handler: &counts, ReadHeaderTimeout: requestTimeout}
		log.Fatal(server.ListenAndServe())
	}()
	for ; ; time.Sleep(pause) {
		counts.add(ask(url))
	}
}

func main() {
	probe.Main(os.Args[1:])
	if len(os.Args) > 1 && os.Args[1] == "checkout" {
		checkout()
		return
	}
	servePayments()
}
