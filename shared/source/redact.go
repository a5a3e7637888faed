package source

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
)

// wrap classifies err once, beside the SDK, and masks the credential in what
// is kept of it. An error that has a code keeps it.
func (s *Source) wrap(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	coded, ok := fault.As(err)
	if !ok {
		coded = s.driver.Classify(err)
	}
	if coded == nil && errors.Is(err, context.DeadlineExceeded) {
		coded = fault.New(fault.SourceUnavailable, "the source did not answer in time")
	}
	if coded == nil {
		coded = fault.New(fault.Internal, "the source answered in a way that is not understood")
	}
	return &fault.Error{
		Code:    coded.Code,
		Message: s.secrets.Replace(coded.Message),
		Field:   coded.Field,
		Err:     errors.New(doing + ": " + s.secrets.Replace(err.Error())),
	}
}

// masker replaces every secret of a credential, also as it looks in a URL.
func masker(spec Spec, cred Credential) *strings.Replacer {
	method, _ := spec.Method(cred.Method)
	var pairs []string
	for _, f := range method.Fields {
		secret := cred.Fields[f.Name].Reveal()
		if !f.Secret || len(secret) < 4 {
			continue
		}
		pairs = append(pairs, secret, mask, url.QueryEscape(secret), mask)
	}
	return strings.NewReplacer(pairs...)
}
