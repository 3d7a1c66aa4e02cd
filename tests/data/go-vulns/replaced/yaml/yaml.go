// Package yaml stands for the one that it replaces.
package yaml

// Unmarshal does nothing.
//
//go:noinline
func Unmarshal(in []byte, out interface{}) error {
	return nil
}
