// Package text has a name that the linker writes otherwise.
package text

//go:noinline
func Clean(text string) string {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] >= ' ' {
			out = append(out, text[i])
		}
	}
	return string(out)
}
