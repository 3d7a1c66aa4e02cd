// The shop's application: the only one that may ask the database.
//
//	GET /items    the rows of the table items, as JSON
//	GET /readyz   200 while the database answers
//	GET /healthz  200 while the process serves
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	_ "github.com/lib/pq"

	"probe"
	"serve"
)

const (
	queryTimeout   = 3 * time.Second
	connectSeconds = "3"
	maxConns       = 4
	connLifetime   = 5 * time.Minute
	itemsQuery     = `SELECT id, name, stock, price_cents FROM items ORDER BY id LIMIT 1000`
)

type item struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Stock      int    `json:"stock"`
	PriceCents int64  `json:"price_cents"`
}

type app struct {
	db *sql.DB
}

func open() (*sql.DB, error) {
	file := serve.Env("DATABASE_PASSWORD_FILE", "/etc/shop/database/password")
	password, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("database password: %w", err)
	}
	address := url.URL{
		Scheme: "postgres",
		User: url.UserPassword(serve.Env("DATABASE_USER", "shop"),
			strings.TrimRight(string(password), "\r\n")),
		Host: serve.Env("DATABASE_ADDRESS", "database-service:5432"),
		Path: serve.Env("DATABASE_NAME", "shop"),
		RawQuery: url.Values{
			"sslmode":          {"disable"},
			"connect_timeout":  {connectSeconds},
			"application_name": {"my-golang-app"},
		}.Encode(),
	}
	db, err := sql.Open("postgres", address.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxLifetime(connLifetime)
	log.Printf("database is %s at %s", address.Path, address.Host)
	return db, nil
}

func (a *app) rows(ctx context.Context) ([]item, error) {
	rows, err := a.db.QueryContext(ctx, itemsQuery)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	items := []item{}
	for rows.Next() {
		var i item
		if err := rows.Scan(&i.ID, &i.Name, &i.Stock, &i.PriceCents); err != nil {
			return nil, err
		}
		items = append(items, i)
	}
	return items, rows.Err()
}

func (a *app) items(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	items, err := a.rows(ctx)
	if err != nil {
		unavailable(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(items); err != nil {
		log.Printf("answer: %v", err)
	}
}

func (a *app) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	if err := a.db.PingContext(ctx); err != nil {
		unavailable(w, err)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

func unavailable(w http.ResponseWriter, err error) {
	log.Printf("database: %v", err)
	http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("app: ")
	probe.Main(os.Args[1:])

	db, err := open()
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	a := &app{db: db}
	mux := serve.Mux()
	mux.HandleFunc("/items", a.items)
	mux.HandleFunc("/readyz", a.ready)
	if err := serve.Run(mux); err != nil {
		log.Fatal(err)
	}
}
