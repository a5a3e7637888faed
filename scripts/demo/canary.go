package demo

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Leaks searches all files below dir, and text, for a secret: as it is, and as
// it looks in URLs, base64 and hex; in gzip and zstd files also inside. It names where it was found.
func Leaks(dir string, text []byte, secret string) ([]string, error) {
	forms := disguises(secret)
	var leaks []string
	if contains(text, forms) {
		leaks = append(leaks, "an answer of the API")
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if contains(body, forms) || contains(unpack(body), forms) {
			leaks = append(leaks, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("searching for the secret: %w", err)
	}
	return leaks, nil
}

// disguises are the shapes in which a secret could lie around.
func disguises(secret string) [][]byte {
	forms := [][]byte{[]byte(secret), []byte(url.QueryEscape(secret)), []byte(hex.EncodeToString([]byte(secret)))}
	for shift := range 3 { // a secret inside a longer text can begin at any of three places in base64
		padded := append(bytes.Repeat([]byte{0}, shift), secret...)
		encoded := base64.RawStdEncoding.EncodeToString(padded)
		forms = append(forms, []byte(encoded[shift+1:len(encoded)-2]))
	}
	return forms
}

func contains(body []byte, forms [][]byte) bool {
	for _, form := range forms {
		if bytes.Contains(body, form) {
			return true
		}
	}
	return false
}

// unpack returns what a compressed file holds, as far as it can be read; nil for any other file.
func unpack(body []byte) []byte {
	if r, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
		inside, _ := io.ReadAll(r) // a damaged file is searched up to the damage
		return inside
	}
	if r, err := zstd.NewReader(bytes.NewReader(body)); err == nil {
		defer r.Close()
		inside, _ := io.ReadAll(r) // the same
		return inside
	}
	return nil
}
