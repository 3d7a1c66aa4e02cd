// A pod that has no business with the shop and keeps trying its doors.
//
// Without arguments it tries every target in turn, for ever, and logs a line
// for each. TARGETS holds HOST:PORT words; the verbs of package probe try one.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"probe"
	"serve"
)

const (
	tryTimeout     = 2 * time.Second
	defaultPause   = "10s"
	defaultTargets = "frontend-app.production:8080 my-golang-app.production:8080 " +
		"database-service.production:5432"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("attacker: ")
	probe.Main(os.Args[1:])

	pause, err := time.ParseDuration(serve.Env("PAUSE", defaultPause))
	if err != nil || pause <= 0 {
		log.Fatal("PAUSE must be a duration above zero, such as 10s")
	}
	stop, release := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer release()
	targets := strings.Fields(serve.Env("TARGETS", defaultTargets))
	for {
		for _, target := range targets {
			line, _ := probe.Try(target, tryTimeout)
			log.Print(line)
			if stop.Err() != nil {
				return
			}
		}
		select {
		case <-stop.Done():
			return
		case <-time.After(pause):
		}
	}
}
