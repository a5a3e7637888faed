package secretstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"

	local "github.com/headwaterhq/headwater/scripts/local/secretsmanager"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/secretstore"
	"github.com/headwaterhq/headwater/shared/source"
)

const canary = "canary-7f3a-\"\\<>&ü"

func client(t *testing.T, h http.Handler) *secretsmanager.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return secretsmanager.New(secretsmanager.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
}

// open returns a store over the laptop's Secrets Manager.
func open(t *testing.T) (*secretstore.Store, *secretsmanager.Client) {
	t.Helper()
	dir := t.TempDir()
	h, err := local.Open(local.Config{
		Path: filepath.Join(dir, "secrets"), KeyPath: filepath.Join(dir, "key"), Region: "us-east-1", Account: "000000000000",
	})
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, h)
	return secretstore.New(c, "headwater", "key-id"), c
}

func credential() source.Credential {
	return source.Credential{Method: "access_key", Fields: map[string]source.Secret{"access_key_id": "AKIA", "secret_access_key": canary, "empty": ""}}
}

// revealed is a credential that cmp can see through.
func revealed(c source.Credential) map[string]string {
	out := map[string]string{"method": c.Method}
	for name, value := range c.Fields {
		out["fields."+name] = value.Reveal()
	}
	return out
}

func TestPutAndRead(t *testing.T) {
	s, c := open(t)
	for range 2 { // a repeated request is one store
		if err := s.PutCredential(t.Context(), "w", "con_1", credential()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Credential(t.Context(), "w", "con_1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(revealed(credential()), revealed(got)); diff != "" {
		t.Errorf("credential (-want +got):\n%s", diff)
	}

	described, err := c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("headwater/w/con_1")})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(described.KmsKeyId) != "key-id" {
		t.Errorf("encrypted under %q, want the key of ours", aws.ToString(described.KmsKeyId))
	}
	if n := len(described.VersionIdsToStages); n != 1 {
		t.Errorf("%d versions, want one", n)
	}
	if stages := described.VersionIdsToStages[got.Version]; !slices.Contains(stages, "AWSCURRENT") {
		t.Errorf("the credential says it is version %q, whose stages are %v", got.Version, stages)
	}
	tags := make(map[string]string)
	for _, tag := range described.Tags {
		tags[*tag.Key] = *tag.Value
	}
	if diff := cmp.Diff(map[string]string{"headwater:workspace": "w", "headwater:connection": "con_1"}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestAnotherCredentialIsRefused(t *testing.T) {
	s, _ := open(t)
	if err := s.PutCredential(t.Context(), "w", "con_1", credential()); err != nil {
		t.Fatal(err)
	}
	other := credential()
	other.Fields["secret_access_key"] = "another-" + canary
	err := s.PutCredential(t.Context(), "w", "con_1", other)
	if fault.CodeOf(err) != fault.ConnectionChanged {
		t.Errorf("error %v, want %s", err, fault.ConnectionChanged)
	}
	got, err := s.Credential(t.Context(), "w", "con_1")
	if err != nil || got.Fields["secret_access_key"].Reveal() != canary {
		t.Errorf("the first credential did not stay: %v", err)
	}
}

func TestDropIsForGood(t *testing.T) {
	s, _ := open(t)
	if err := s.PutCredential(t.Context(), "w", "con_1", credential()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds nothing
		if err := s.DropCredential(t.Context(), "w", "con_1"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Credential(t.Context(), "w", "con_1"); fault.CodeOf(err) != fault.CredentialMissing {
			t.Errorf("credential: %v, want %s", err, fault.CredentialMissing)
		}
	}
}

func TestMissing(t *testing.T) {
	s, _ := open(t)
	if err := s.PutCredential(t.Context(), "w", "con_1", credential()); err != nil {
		t.Fatal(err)
	}
	for _, of := range [][2]string{{"w", "con_2"}, {"other", "con_1"}} {
		if _, err := s.Credential(t.Context(), of[0], of[1]); fault.CodeOf(err) != fault.CredentialMissing {
			t.Errorf("credential of %v: %v, want %s", of, err, fault.CredentialMissing)
		}
	}
}

func TestReadsTheCurrentVersion(t *testing.T) {
	s, c := open(t)
	if err := s.PutCredential(t.Context(), "w", "con_1", credential()); err != nil {
		t.Fatal(err)
	}
	_, err := c.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("headwater/w/con_1"), ClientRequestToken: aws.String(strings.Repeat("p", 36)),
		SecretString: aws.String(`{"method":"pending","fields":{}}`), VersionStages: []string{"AWSPENDING"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Credential(t.Context(), "w", "con_1"); err != nil || got.Method != "access_key" {
		t.Errorf("read the credential of method %q, %v; want the current one", got.Method, err)
	}
}

// TestErrors has a service that says the secret in its own words, and looks for it in what comes back.
func TestErrors(t *testing.T) {
	echo := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"__type":%q,"Message":%q}`, code, "you sent "+string(body)+canary)
		}
	}
	damaged := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"SecretString":%q}`, canary)
	}
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   fault.Code
	}{
		"throttled":        {echo(400, "ThrottlingException"), fault.Throttled},
		"their failure":    {echo(500, "InternalServiceError"), fault.Unavailable},
		"a bad gateway":    {echo(502, "Whatever"), fault.Unavailable},
		"not allowed":      {echo(400, "AccessDeniedException"), fault.Internal},
		"a wrong request":  {echo(400, "InvalidParameterException"), fault.Internal},
		"cannot decrypt":   {echo(400, "DecryptionFailure"), fault.Internal},
		"a broken line":    {hangUp, fault.Unavailable},
		"not a credential": {damaged, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			s := secretstore.New(client(t, test.answer), "headwater", "")
			_, err := s.Credential(t.Context(), "w", "con_1")
			verify(t, err, test.want)
			if name != "not a credential" { // a write reads no value back
				verify(t, s.PutCredential(t.Context(), "w", "con_1", credential()), test.want)
			}
		})
	}
	exists := secretstore.New(client(t, echo(400, "ResourceExistsException")), "headwater", "")
	verify(t, exists.PutCredential(t.Context(), "w", "con_1", credential()), fault.ConnectionChanged)
}

func verify(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != want {
		t.Errorf("error %v, want %s", err, want)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, "canary") || strings.Contains(text, "AKIA") {
			t.Errorf("an error says the secret: %T", e)
		}
		if _, ok := errors.AsType[*types.ResourceExistsException](e); ok {
			t.Errorf("an error keeps the service's own words")
		}
	}
}

func TestCancelStaysCancel(t *testing.T) {
	s, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Credential(ctx, "w", "con_1"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's own", err)
	}
}
