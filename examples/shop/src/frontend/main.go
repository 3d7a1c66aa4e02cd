// The shop's frontend: shows what the application service says is in stock.
//
//	GET /         the items as a page
//	GET /items    the application's answer, relayed
//	GET /healthz  200 while the process serves
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"probe"
	"serve"
)

const (
	appTimeout = 5 * time.Second
	maxAnswer  = 1 << 20
)

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The shop</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
td, th { padding: .25rem 1.5rem .25rem 0; text-align: left }
</style>
<h1>The shop</h1>
<table>
<tr><th>Item<th>In stock<th>Price
{{range .}}<tr><td>{{.Name}}<td>{{.Stock}}<td>{{.Price}}
{{end}}</table>
</html>
`))

type item struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Stock      int    `json:"stock"`
	PriceCents int64  `json:"price_cents"`
}

func (i item) Price() string {
	return fmt.Sprintf("%d.%02d", i.PriceCents/100, i.PriceCents%100)
}

type frontend struct {
	itemsURL string
	client   http.Client
}

// items asks the application; the caller gets its status and body unchanged.
func (f *frontend) items(ctx context.Context) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.itemsURL, nil)
	if err != nil {
		return 0, nil, err
	}
	answer, err := f.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return answer.StatusCode, body, err
}

func (f *frontend) relay(w http.ResponseWriter, r *http.Request) {
	status, body, err := f.items(r.Context())
	if err != nil {
		unavailable(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (f *frontend) show(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	status, body, err := f.items(r.Context())
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the application answered %d", status)
	}
	var items []item
	if err == nil {
		err = json.Unmarshal(body, &items)
	}
	if err != nil {
		unavailable(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, items); err != nil {
		log.Printf("page: %v", err)
	}
}

func unavailable(w http.ResponseWriter, err error) {
	log.Printf("application: %v", err)
	http.Error(w, "the application does not answer", http.StatusBadGateway)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("frontend: ")
	probe.Main(os.Args[1:])

	f := &frontend{
		itemsURL: serve.Env("ITEMS_URL", "http://my-golang-app:8080/items"),
		client:   http.Client{Timeout: appTimeout},
	}
	mux := serve.Mux()
	mux.HandleFunc("/items", f.relay)
	mux.HandleFunc("/", f.show)
	log.Printf("items come from %s", f.itemsURL)
	if err := serve.Run(mux); err != nil {
		log.Fatal(err)
	}
}
