// A web framework at a version in which something was found later.
package main

import "github.com/gin-gonic/gin"

func main() {
	r := gin.Default()
	r.GET("/", func(c *gin.Context) {
		c.FileAttachment("/etc/hostname", c.Query("name"))
		c.String(200, c.ClientIP())
	})
	r.Run("127.0.0.1:0")
}
