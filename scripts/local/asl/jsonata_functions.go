package asl

import (
	"crypto/md5" //nolint:gosec // $hash offers what AWS offers; nothing here is secured by it
	cryptorand "crypto/rand"
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand/v2"

	"github.com/dop251/goja"
)

// functions are those that Step Functions adds to JSONata and JavaScript cannot do alone:
// https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html.
type functions struct{}

func (functions) hosted(vm *goja.Runtime) map[string]any {
	return map[string]any{
		"hash": func(data, algorithm string) string {
			sum, err := digest(data, algorithm)
			if err != nil {
				panic(vm.NewGoError(err))
			}
			return sum
		},
		"uuid": newUUID,
		"random": func(seed goja.Value) float64 {
			if seed == nil || goja.IsUndefined(seed) {
				return rand.Float64()
			}
			// A seed gives the same number each time, which is all that is documented; AWS's numbers come from another generator.
			return rand.New(rand.NewPCG(uint64(seed.ToInteger()), 0)).Float64()
		},
	}
}

func digest(data, algorithm string) (string, error) {
	algorithms := map[string]func() hash.Hash{
		"MD5": md5.New, "SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-384": sha512.New384, "SHA-512": sha512.New,
	}
	make, ok := algorithms[algorithm]
	if !ok {
		return "", fmt.Errorf("$hash knows MD5, SHA-1, SHA-256, SHA-384 and SHA-512")
	}
	h := make()
	h.Write([]byte(data))
	return hex.EncodeToString(h.Sum(nil)), nil
}

// newUUID returns a random UUID (version 4).
func newUUID() string {
	var b [16]byte
	cryptorand.Read(b[:])
	return formatUUID(b, 4)
}

// derivedUUID returns the same UUID (version 8) for the same text.
func derivedUUID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return formatUUID([16]byte(sum[:16]), 8)
}

func formatUUID(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
