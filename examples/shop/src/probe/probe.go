// Package probe gives a program two verbs that show who it can reach:
//
//	PROGRAM try HOST:PORT [--timeout 2s]    one TCP connection, and an answer on it
//	PROGRAM get URL [--timeout 2s]          one HTTP request
//
// A connection alone proves nothing where a proxy stands between: it is the answer that counts. Each
// prints one line, "REACHED ..." or "BLOCKED ...". The images hold no shell
// and no tools, so this is how a proof runs from inside each pod.
package probe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// Exit statuses of the two verbs.
const (
	ExitReached = 0
	ExitBlocked = 1
	ExitUsage   = 2
)

const (
	defaultTimeout = 2 * time.Second
	maxBody        = 64 << 10
)

// Main runs the verb in args, if there is one, and exits; else it returns.
func Main(args []string) {
	if len(args) == 0 {
		return
	}
	if status := run(args); status >= 0 {
		os.Exit(status)
	}
}

func run(args []string) int {
	if args[0] != "try" && args[0] != "get" {
		return -1
	}
	target, timeout, err := parse(args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "usage: %s TARGET [--timeout 2s]: %v\n", args[0], err)
		return ExitUsage
	}
	verb := Try
	if args[0] == "get" {
		verb = get
	}
	line, reached := verb(target, timeout)
	fmt.Println(line)
	if !reached {
		return ExitBlocked
	}
	return ExitReached
}

func parse(args []string) (target string, timeout time.Duration, err error) {
	timeout = defaultTimeout
	for len(args) > 0 {
		switch word := args[0]; {
		case word == "--timeout" && len(args) > 1:
			timeout, err = time.ParseDuration(args[1])
			args = args[1:]
		case strings.HasPrefix(word, "--timeout="):
			timeout, err = time.ParseDuration(strings.TrimPrefix(word, "--timeout="))
		case strings.HasPrefix(word, "-"):
			err = fmt.Errorf("unknown option or missing value: %s", word)
		case target != "":
			err = fmt.Errorf("one target, not also %s", word)
		default:
			target = word
		}
		if err != nil {
			return "", 0, err
		}
		args = args[1:]
	}
	if target == "" {
		return "", 0, errors.New("no target")
	}
	if timeout <= 0 {
		return "", 0, errors.New("the timeout must be above zero")
	}
	return target, timeout, nil
}

// question is what a server on a port answers with at least one byte: PostgreSQL's
// SSLRequest (protocol 3.0, section 55.2.10), else a request of HTTP.
func question(target string) []byte {
	if strings.HasSuffix(target, ":5432") {
		return []byte{0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f}
	}
	return []byte("HEAD / HTTP/1.0\r\n\r\n")
}

func knock(conn net.Conn, target string, until time.Time) error {
	if err := conn.SetDeadline(until); err != nil {
		return err
	}
	if _, err := conn.Write(question(target)); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	return err
}

// Try makes one TCP connection to HOST:PORT and waits for an answer on it, within
// timeout, name look-up included, and returns the line to print.
func Try(target string, timeout time.Duration) (line string, reached bool) {
	begin := time.Now()
	conn, err := net.DialTimeout("tcp", target, timeout)
	if err != nil {
		return fmt.Sprintf("BLOCKED %s %s", target, reason(err, timeout)), false
	}
	defer conn.Close()
	if err := knock(conn, target, begin.Add(timeout)); err != nil {
		return fmt.Sprintf("BLOCKED %s %s", target, reason(err, timeout)), false
	}
	took := time.Since(begin).Round(10 * time.Microsecond)
	return fmt.Sprintf("REACHED %s (%s) in %s", target, conn.RemoteAddr(), took), true
}

func get(url string, timeout time.Duration) (line string, reached bool) {
	client := http.Client{Timeout: timeout}
	answer, err := client.Get(url)
	if err != nil {
		return fmt.Sprintf("BLOCKED %s %s", url, reason(err, timeout)), false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return fmt.Sprintf("BLOCKED %s %s", url, reason(err, timeout)), false
	}
	text := strings.Join(strings.Fields(string(body)), " ")
	return fmt.Sprintf("REACHED %s %d %s", url, answer.StatusCode, text), true
}

// reason says in a few words why a connection failed.
func reason(err error, timeout time.Duration) string {
	var lookup *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return "no such name: " + lookup.Name
	case errors.As(err, &lookup):
		return "no answer from DNS for " + lookup.Name
	case errors.As(err, &network) && network.Timeout():
		return fmt.Sprintf("no answer in %s", timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.EOF):
		return "closed"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "unreachable"
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return "not permitted"
	}
	return err.Error()
}
