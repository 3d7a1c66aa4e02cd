module spiffe-client

go 1.19

require github.com/spiffe/go-spiffe/v2 v2.1.7
