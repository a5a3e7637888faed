package telemetry

import (
	"log/slog"
	"strings"
)

const mask = "***"

// refused are parts of attribute names whose values never reach a log, however they got there.
var refused = []string{
	"authorization", "secret", "password", "passphrase", "credential", "token", "cookie", "private_key", "api_key", "access_key", "signature",
}

// refuse masks an attribute by its name. A value that must not print whatever
// it is called (source.Secret) masks itself.
func refuse(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(strings.ReplaceAll(a.Key, "-", "_"))
	for _, part := range refused {
		if strings.Contains(name, part) {
			return slog.String(a.Key, mask)
		}
	}
	return a
}
