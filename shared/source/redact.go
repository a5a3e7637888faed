package source

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
)

// wrap classifies err once, beside the SDK, and masks the credential in what
// is kept of it. An error that has a code keeps it; a cancelled call keeps only
// that it was cancelled.
func (s *Source) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", doing, context.Canceled)
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

// shortestMasked is the length from which a secret is masked: masking shorter
// text would garble messages and hide nothing.
const shortestMasked = 4

// masker replaces every secret of a credential, also as it looks in a URL, in
// JSON and in a Basic header. Longer forms go first, so that none is left over
// where one is a part of another.
func masker(spec Spec, cred Credential) *strings.Replacer {
	method, _ := spec.Method(cred.Method)
	var forms []string
	for _, f := range method.Fields {
		secret := cred.Fields[f.Name].Reveal()
		if !f.Secret || len(secret) < shortestMasked {
			continue
		}
		quoted, err := json.Marshal(secret)
		if err != nil {
			panic("source: strings always marshal: " + err.Error())
		}
		forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret),
			string(quoted[1:len(quoted)-1]), base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, mask)
	}
	return strings.NewReplacer(pairs...)
}
