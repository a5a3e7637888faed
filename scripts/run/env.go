package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/scripts/demo"
)

// env is the file that a shell can source: where the API is, and the keys that open it and the demo bucket.
// It holds secrets of this laptop's stack only, and is readable by its owner only.
type env struct {
	url, key   string
	customer   demo.Access
	identifier string // of a customer, to look up
}

func (e env) write(file string) error {
	text := fmt.Sprintf("export HEADWATER_URL=%s HEADWATER_KEY=%s\n"+
		"export DEMO_BUCKET=%s DEMO_ACCESS_KEY_ID=%s DEMO_SECRET_ACCESS_KEY=%s\n"+
		"export DEMO_IDENTIFIER=%s\n",
		e.url, e.key, demo.SourceBucket, e.customer.ID, e.customer.Secret, e.identifier)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("keeping the keys: %w", err)
	}
	return nil
}

// writePlatform keeps the environment in which a program works on the stack's own table, objects and lake, as scripts/hw
// does. Its key is the platform's, and lasts as long as the stack is up.
func writePlatform(file string, environ map[string]string) error {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(environ)) {
		fmt.Fprintf(&text, "export %s='%s'\n", name, strings.ReplaceAll(environ[name], "'", `'\''`))
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("keeping the platform's environment: %w", err)
	}
	return nil
}

// readEnv returns what an earlier run has kept, nothing if there was none.
func readEnv(file string) (env, error) {
	body, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return env{}, nil
	}
	if err != nil {
		return env{}, fmt.Errorf("reading the keys of an earlier run: %w", err)
	}
	values := map[string]string{}
	for word := range strings.FieldsSeq(string(body)) {
		if name, value, ok := strings.Cut(word, "="); ok {
			values[name] = value
		}
	}
	return env{
		url: values["HEADWATER_URL"], key: values["HEADWATER_KEY"],
		customer:   demo.Access{ID: values["DEMO_ACCESS_KEY_ID"], Secret: values["DEMO_SECRET_ACCESS_KEY"]},
		identifier: values["DEMO_IDENTIFIER"],
	}, nil
}
