// Uses modules at versions in which something was found later, some of it not linked in.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dgrijalva/jwt-go"
	"github.com/gogo/protobuf/proto"
	"github.com/gogo/protobuf/types"
	"golang.org/x/crypto/ssh"
	"golang.org/x/net/html"
	"golang.org/x/text/language"
	"gopkg.in/yaml.v2"
)

func main() {
	data, _ := io.ReadAll(os.Stdin)
	text := string(data)
	_, err := html.Parse(strings.NewReader(text))
	fmt.Println(err)
	fmt.Println(language.ParseAcceptLanguage(text))
	var v interface{}
	fmt.Println(yaml.Unmarshal(data, &v))
	fmt.Println(ssh.ParsePublicKey(data))
	claims := jwt.MapClaims{}
	fmt.Println(jwt.ParseWithClaims(text, claims, nil))
	fmt.Println(claims.VerifyAudience(text, true))
	fmt.Println(proto.Unmarshal(data, &types.Any{}))
}
