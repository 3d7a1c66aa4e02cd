// Uses much of the standard library in which something was found.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/gob"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"go/parser"
	"go/token"
	"html/template"
	"image/png"
	"io"
	"math/big"
	"mime/multipart"
	"net/http"
	"net/http/httputil"
	"net/mail"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var page = template.Must(template.New("page").Parse("<script>var a = `{{.}}`</script>"))

func serve(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	page.Execute(w, r.URL.Query().Get("a"))
}

func read(data []byte) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err == nil {
		for _, f := range z.File {
			fmt.Println(filepath.Clean(f.Name))
		}
		z.Open("a")
	}
	if g, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
		t := tar.NewReader(g)
		h, err := t.Next()
		fmt.Println(h, err)
	}
	var v struct {
		A string `xml:"a"`
	}
	xml.Unmarshal(data, &v)
	gob.NewDecoder(bytes.NewReader(data)).Decode(&v)
	block, _ := pem.Decode(data)
	if block != nil {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err == nil {
			fmt.Println(cert.Verify(x509.VerifyOptions{}))
		}
		asn1.Unmarshal(block.Bytes, &v)
	}
	parser.ParseFile(token.NewFileSet(), "a.go", data, parser.ParseComments)
	multipart.NewReader(bytes.NewReader(data), "b").NextPart()
	mail.ParseAddressList(string(data))
	textproto.NewReader(nil).ReadMIMEHeader()
	png.Decode(bytes.NewReader(data))
	regexp.Compile(string(data))
	new(big.Rat).SetString(string(data))
	elliptic.Unmarshal(elliptic.P256(), data)
	filepath.Walk(".", func(string, os.FileInfo, error) error { return nil })
	filepath.Glob(strings.TrimSpace(string(data)))
}

func main() {
	data, _ := io.ReadAll(os.Stdin)
	read(data)
	u, err := url.Parse("http://127.0.0.1:1/" + url.PathEscape(string(data)))
	if err != nil {
		return
	}
	c := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{}}}
	r, err := c.Get(u.String())
	fmt.Println(r, err)
	http.Handle("/", httputil.NewSingleHostReverseProxy(u))
	http.HandleFunc("/form", serve)
	fmt.Println(http.ListenAndServe("127.0.0.1:0", nil))
}
