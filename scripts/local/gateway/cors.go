package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/headwaterhq/headwater/scripts/local/template"
)

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// allow adds the headers of a request from an allowed origin; ok is false when the origin is not allowed.
func allow(c *template.CORS, h http.Header, origin string) (ok bool) {
	switch {
	case slices.Contains(c.AllowOrigins, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(c.AllowOrigins, origin):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
	default:
		return false
	}
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(c.ExposeHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
	}
	return true
}

// preflight answers without asking a function. What is not allowed gets no headers, which a browser takes for a no.
func preflight(c *template.CORS, w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if allow(c, h, r.Header.Get("Origin")) {
		h.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
		h.Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
		if c.MaxAge > 0 {
			h.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
		}
	}
	w.WriteHeader(http.StatusNoContent)
}
