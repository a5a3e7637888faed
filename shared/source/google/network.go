package google

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/headwaterhq/headwater/shared/fault"
)

// byNetwork tells what will not go away by itself (no such host, refused, a
// certificate of somebody else) from a connection that broke or was slow.
func byNetwork(err error) *fault.Error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	var dns *net.DNSError
	var call *net.OpError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate), errors.Is(err, http.ErrSchemeMismatch),
		errors.As(err, &dns) && !dns.IsTemporary,
		errors.As(err, &call) && call.Op == "dial":
		return fault.New(fault.SourceNetwork, messages[fault.SourceNetwork])
	case errors.As(err, &timeout), errors.As(err, &call), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fault.New(fault.SourceUnavailable, messages[fault.SourceUnavailable])
	}
	return nil
}
