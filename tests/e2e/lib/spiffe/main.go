// A program of a pod that knows nothing but SPIFFE_ENDPOINT_SOCKET: says who it is, shakes hands
// with itself, and waits for UPDATES more certificates.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

func fail(what string, err error) {
	fmt.Println(what, err)
	os.Exit(1)
}

type watcher struct{ updates chan *workloadapi.X509Context }

func (w *watcher) OnX509ContextUpdate(c *workloadapi.X509Context) { w.updates <- c }
func (w *watcher) OnX509ContextWatchError(err error)              { fmt.Println("watch", err) }

func shake(source *workloadapi.X509Source, id spiffeid.ID) error {
	a, b := net.Pipe()
	failed := make(chan error, 1)
	go func() {
		failed <- tls.Server(a, tlsconfig.MTLSServerConfig(source, source, tlsconfig.AuthorizeID(id))).Handshake()
	}()
	if err := tls.Client(b, tlsconfig.MTLSClientConfig(source, source, tlsconfig.AuthorizeID(id))).Handshake(); err != nil {
		return err
	}
	return <-failed
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	source, err := workloadapi.NewX509Source(ctx)
	if err != nil {
		fail("source", err)
	}
	svid, err := source.GetX509SVID()
	if err != nil {
		fail("svid", err)
	}
	fmt.Println("id", svid.ID)
	if err := shake(source, svid.ID); err != nil {
		fail("handshake", err)
	}
	fmt.Println("handshake ok")
	bundles, err := workloadapi.FetchX509Bundles(ctx)
	if err != nil {
		fail("bundles", err)
	}
	for _, bundle := range bundles.Bundles() {
		fmt.Println("bundle", bundle.TrustDomain(), len(bundle.X509Authorities()))
	}
	_, err = workloadapi.FetchJWTSVID(ctx, jwtsvid.Params{Audience: "x"})
	fmt.Println("jwt", err)
	if len(os.Args) < 2 {
		return
	}
	updates, _ := strconv.Atoi(os.Args[1])
	w := &watcher{make(chan *workloadapi.X509Context)}
	go workloadapi.WatchX509Context(ctx, w)
	for i := 0; i <= updates; i++ {
		select {
		case update := <-w.updates:
			fmt.Println("update", update.DefaultSVID().Certificates[0].SerialNumber)
		case <-ctx.Done():
			fail("update", ctx.Err())
		}
	}
}
