package secretstore

import (
	"encoding/json"
	"errors"

	"github.com/headwaterhq/headwater/shared/source"
)

// stored is a credential as its secret has it.
type stored struct {
	Method string            `json:"method"`
	Fields map[string]string `json:"fields"`
}

// encode reveals every field on purpose: a source.Secret masks itself in JSON.
func encode(c source.Credential) (string, error) {
	s := stored{Method: c.Method, Fields: make(map[string]string, len(c.Fields))}
	for name, value := range c.Fields {
		s.Fields[name] = value.Reveal()
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", errors.New("encoding credential failed") // the cause could quote it
	}
	return string(text), nil
}

func decode(text string) (source.Credential, error) {
	var s stored
	if err := json.Unmarshal([]byte(text), &s); err != nil || s.Method == "" {
		return source.Credential{}, errors.New("decoding credential: the secret is not a credential") // the cause could quote it
	}
	c := source.Credential{Method: s.Method, Fields: make(map[string]source.Secret, len(s.Fields))}
	for name, value := range s.Fields {
		c.Fields[name] = source.Secret(value)
	}
	return c, nil
}
