// Package unused is imported by nobody.
package unused

func Open(name string) string { return name }
