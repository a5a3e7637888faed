package objectstore

import (
	"encoding/xml"
	"net/http"

	"github.com/oklog/ulid/v2"
)

// failure is an S3 error document.
type failure struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string   `xml:"Code"`
	Message   string   `xml:"Message"`
	Resource  string   `xml:"Resource,omitempty"`
	Region    string   `xml:"Region,omitempty"`
	RequestID string   `xml:"RequestId"`
	status    int
}

func refuse(w http.ResponseWriter, r *http.Request, f failure) {
	f.RequestID = ulid.Make().String()
	w.Header().Set("X-Amz-Request-Id", f.RequestID)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.status)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write([]byte(xml.Header))
	_ = xml.NewEncoder(w).Encode(f)
}

func accessDenied() failure {
	return failure{status: http.StatusForbidden, Code: "AccessDenied", Message: "Access Denied"}
}
