// Uses a module in all the ways in which a function gets into a program. How the module is replaced
// is up to the test.
package main

import (
	"fmt"
	"io"
	"os"

	"example.org/codec"
	text "example.org/codec/text.v2"
)

func main() {
	data, _ := io.ReadAll(os.Stdin)
	doc, err := codec.Decode(data)
	fmt.Println(doc, err)
	var d codec.Decoder
	d.Reset(data)
	fmt.Println(d.Len())
	fmt.Println(codec.Map(data, func(b byte) byte { return b ^ 1 }))
	fmt.Println(text.Clean(string(data)))
	if handler := codec.Handlers[string(data)]; handler != nil {
		fmt.Println(handler(data))
	}
}
