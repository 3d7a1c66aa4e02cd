// What is compiled is not what is required: a fork, an older version, a directory.
package main

import (
	"fmt"
	"os"

	"github.com/dgrijalva/jwt-go"
	"golang.org/x/text/language"
	"gopkg.in/yaml.v2"
)

func main() {
	text := os.Getenv("TEXT")
	fmt.Println(language.Parse(text))
	fmt.Println(language.ParseAcceptLanguage(text))
	var v interface{}
	fmt.Println(yaml.Unmarshal([]byte(text), &v))
	claims := jwt.MapClaims{}
	fmt.Println(jwt.ParseWithClaims(text, claims, nil))
	fmt.Println(new(jwt.Parser).ParseUnverified(text, claims))
}
