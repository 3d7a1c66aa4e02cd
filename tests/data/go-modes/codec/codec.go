// Package codec is a module of the tests' own: nothing in it is of use to anybody.
package codec

import "errors"

type Doc struct{ Words [][]byte }

// Decode is called.
//
//go:noinline
func Decode(data []byte) (*Doc, error) {
	doc := &Doc{}
	err := split(data, func(word []byte) { doc.Words = append(doc.Words, word) })
	return doc, err
}

//go:noinline
func split(data []byte, word func([]byte)) error {
	start := 0
	for i, b := range data {
		if b == ' ' {
			word(data[start:i])
			start = i + 1
		}
	}
	if start == len(data) {
		return errors.New("ends in a space")
	}
	word(data[start:])
	return nil
}

type Decoder struct{ data []byte }

// Reset is inlined wherever it is called.
func (d *Decoder) Reset(data []byte) { d.data = append(d.data[:0], data...) }

//go:noinline
func (d Decoder) Len() int { return len(d.data) }

// Map has a copy a type.
//
//go:noinline
func Map[T any](in []T, f func(T) T) []T {
	out := make([]T, 0, len(in))
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}

//go:noinline
func handle(data []byte) error { return split(data, func([]byte) {}) }

// Handlers are reached through the table only.
var Handlers = map[string]func([]byte) error{"handle": handle}

// Encode is never called.
func Encode(doc *Doc) []byte {
	var out []byte
	for _, word := range doc.Words {
		out = append(append(out, word...), ' ')
	}
	return out
}
