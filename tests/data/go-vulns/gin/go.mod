module example.org/gin

go 1.16

require github.com/gin-gonic/gin v1.6.3
