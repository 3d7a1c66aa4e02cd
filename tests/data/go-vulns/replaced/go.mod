module example.org/replaced

go 1.16

require (
	github.com/dgrijalva/jwt-go v3.2.0+incompatible
	github.com/golang-jwt/jwt v3.2.2+incompatible // indirect
	golang.org/x/text v0.3.8
	gopkg.in/yaml.v2 v2.2.2
)

replace (
	// A fork under another name, an older version of the same, a directory.
	github.com/dgrijalva/jwt-go => github.com/golang-jwt/jwt v3.2.1+incompatible
	golang.org/x/text => golang.org/x/text v0.3.5
	gopkg.in/yaml.v2 => ./yaml
)
