// Package serve runs an HTTP server the way every service of the shop does:
// bounded in time, logged, and stopped gracefully by SIGTERM.
package serve

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	address      = ":8080"
	readTimeout  = 5 * time.Second
	writeTimeout = 10 * time.Second
	idleTimeout  = 60 * time.Second
	stopTimeout  = 5 * time.Second
	maxHeader    = 16 << 10
)

// Mux returns routes that already answer /healthz.
func Mux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}

// Run serves handler on port 8080 until SIGTERM or SIGINT, lets requests under
// way finish, and returns the error that ended it, if any.
func Run(handler http.Handler) error {
	server := &http.Server{
		Addr:              address,
		Handler:           logged(handler),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
	}
	stop, release := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer release()
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Printf("listening on %s", address)

	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	log.Print("stopping: waiting for requests under way")
	limit, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	log.Print("stopped")
	return nil
}

// Env returns an environment variable, or fallback where it is unset or empty.
func Env(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// logged writes one line a request; probes that succeed are not worth one.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		probe := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		if probe && answer.status == http.StatusOK {
			return
		}
		took := time.Since(begin).Round(10 * time.Microsecond)
		log.Printf("%s %s from %s: %d in %s", r.Method, r.URL.Path, r.RemoteAddr, answer.status, took)
	})
}
