package secretsmanager_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/local/secretsmanager"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct{ now time.Time }

func serve(t *testing.T, dir string, c *clock) *client.Client {
	t.Helper()
	cfg := secretsmanager.Config{Path: filepath.Join(dir, "data", "secrets.enc"), KeyPath: filepath.Join(dir, "keys", "secrets.key"), Region: "us-east-1", Account: "000000000000"}
	if c != nil {
		cfg.Now = func() time.Time { return c.now }
	}
	h, err := secretsmanager.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return client.New(client.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", RetryMaxAttempts: 1, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", ""),
	})
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

var name = aws.String("headwater/ws_1/con_1")

func TestSecretsSurviveARestartAndAreNotReadableInFiles(t *testing.T) {
	dir := t.TempDir()
	const canary = "canary-4f1c"
	_, err := serve(t, dir, nil).CreateSecret(t.Context(), &client.CreateSecretInput{
		Name: name, SecretString: aws.String(canary), KmsKeyId: aws.String("key-1"), Tags: []types.Tag{{Key: aws.String("workspace"), Value: aws.String("ws_1")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := serve(t, dir, nil).GetSecretValue(t.Context(), &client.GetSecretValueInput{SecretId: name})
	if err != nil || *out.SecretString != canary {
		t.Errorf("after a restart: %v", err)
	}
	sealed, err := os.ReadFile(filepath.Join(dir, "data", "secrets.enc"))
	if err != nil || bytes.Contains(sealed, []byte(canary)) || bytes.Contains(sealed, []byte("con_1")) {
		t.Errorf("the file tells a secret: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "keys", "secrets.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
}

func TestAnotherKeyDoesNotOpenTheSecrets(t *testing.T) {
	dir := t.TempDir()
	if _, err := serve(t, dir, nil).CreateSecret(t.Context(), &client.CreateSecretInput{Name: name, SecretString: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	keyPath := filepath.Join(dir, "keys", "secrets.key")
	if err := os.WriteFile(keyPath, make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secretsmanager.Open(secretsmanager.Config{Path: filepath.Join(dir, "data", "secrets.enc"), KeyPath: keyPath}); err == nil {
		t.Error("opened with another key")
	}
}

func TestTheSameRequestTwiceMakesOneVersion(t *testing.T) {
	c := serve(t, t.TempDir(), nil)
	token := aws.String("0123456789abcdef0123456789abcdef")
	create := func(text string) error {
		_, err := c.CreateSecret(t.Context(), &client.CreateSecretInput{Name: name, SecretString: &text, ClientRequestToken: token})
		return err
	}
	put := func(text string) error {
		_, err := c.PutSecretValue(t.Context(), &client.PutSecretValueInput{SecretId: name, SecretString: &text, ClientRequestToken: token})
		return err
	}
	for i, tc := range []struct {
		err  error
		want string
	}{
		{create("one"), ""}, {create("one"), ""}, {create("two"), "ResourceExistsException"}, {put("one"), ""}, {put("two"), "ResourceExistsException"},
	} {
		if code(tc.err) != tc.want || (tc.err == nil) != (tc.want == "") {
			t.Errorf("call %d: got %v, want %q", i, tc.err, tc.want)
		}
	}
	out, err := c.ListSecretVersionIds(t.Context(), &client.ListSecretVersionIdsInput{SecretId: name})
	if err != nil || len(out.Versions) != 1 {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestStagesMove(t *testing.T) {
	c := serve(t, t.TempDir(), nil)
	first, err := c.CreateSecret(t.Context(), &client.CreateSecretInput{Name: name, SecretString: aws.String("one")})
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.PutSecretValue(t.Context(), &client.PutSecretValueInput{SecretId: name, SecretString: aws.String("two"), VersionStages: []string{"AWSPENDING"}})
	if err != nil {
		t.Fatal(err)
	}
	move := func(remove *string) error {
		_, err := c.UpdateSecretVersionStage(t.Context(), &client.UpdateSecretVersionStageInput{
			SecretId: name, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: second.VersionId, RemoveFromVersionId: remove,
		})
		return err
	}
	if got := code(move(nil)); got != "InvalidParameterException" {
		t.Errorf("without saying from where: %q", got)
	}
	if err := move(first.VersionId); err != nil {
		t.Fatal(err)
	}
	out, err := c.DescribeSecret(t.Context(), &client.DescribeSecretInput{SecretId: name})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{*first.VersionId: {"AWSPREVIOUS"}, *second.VersionId: {"AWSCURRENT", "AWSPENDING"}}
	if d := cmp.Diff(want, out.VersionIdsToStages); d != "" {
		t.Error(d)
	}
}

func TestDeletionAndItsWindow(t *testing.T) {
	clk := &clock{now: time.Now()}
	c := serve(t, t.TempDir(), clk)
	create := func() error {
		_, err := c.CreateSecret(t.Context(), &client.CreateSecretInput{Name: name, SecretString: aws.String("s")})
		return err
	}
	remove := func(in client.DeleteSecretInput) error {
		in.SecretId = name
		_, err := c.DeleteSecret(t.Context(), &in)
		return err
	}
	get := func() error {
		_, err := c.GetSecretValue(t.Context(), &client.GetSecretValueInput{SecretId: name})
		return err
	}
	check := func(doing string, err error, want string) {
		t.Helper()
		if code(err) != want || (err == nil) != (want == "") {
			t.Errorf("%s: got %v, want %q", doing, err, want)
		}
	}
	check("creating", create(), "")
	check("too short a window", remove(client.DeleteSecretInput{RecoveryWindowInDays: aws.Int64(6)}), "InvalidParameterException")
	check("window and force", remove(client.DeleteSecretInput{RecoveryWindowInDays: aws.Int64(7), ForceDeleteWithoutRecovery: aws.Bool(true)}), "InvalidParameterException")
	check("deleting", remove(client.DeleteSecretInput{RecoveryWindowInDays: aws.Int64(7)}), "")
	check("reading what is deleted", get(), "InvalidRequestException")
	check("creating what is deleted", create(), "InvalidRequestException")
	_, err := c.RestoreSecret(t.Context(), &client.RestoreSecretInput{SecretId: name})
	check("restoring", err, "")
	check("reading what was restored", get(), "")
	check("deleting again", remove(client.DeleteSecretInput{RecoveryWindowInDays: aws.Int64(7)}), "")
	clk.now = clk.now.Add(8 * 24 * time.Hour)
	check("reading after the window", get(), "ResourceNotFoundException")
	check("creating after the window", create(), "")
	check("deleting at once", remove(client.DeleteSecretInput{ForceDeleteWithoutRecovery: aws.Bool(true)}), "")
	check("deleting what is gone", remove(client.DeleteSecretInput{ForceDeleteWithoutRecovery: aws.Bool(true)}), "")
}

func TestListsHavePages(t *testing.T) {
	c := serve(t, t.TempDir(), nil)
	for _, n := range []string{"a/1", "a/2", "a/3", "b/1"} {
		if _, err := c.CreateSecret(t.Context(), &client.CreateSecretInput{Name: &n}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	pages := client.NewListSecretsPaginator(c, &client.ListSecretsInput{
		MaxResults: aws.Int32(2), Filters: []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{"a/"}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.SecretList {
			got = append(got, *s.Name)
		}
	}
	if d := cmp.Diff([]string{"a/1", "a/2", "a/3"}, got); d != "" {
		t.Error(d)
	}
}

func TestWhatIsNotKnownIsRefusedByName(t *testing.T) {
	c := serve(t, t.TempDir(), nil)
	_, err := c.RotateSecret(t.Context(), &client.RotateSecretInput{SecretId: name})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "NotImplementedException" || api.ErrorMessage() != "The laptop stack does not know the operation RotateSecret." {
		t.Errorf("operation: %v", err)
	}
	_, err = c.CreateSecret(t.Context(), &client.CreateSecretInput{Name: name, AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String("us-west-2")}}})
	if !errors.As(err, &api) || api.ErrorMessage() != `The laptop stack does not know the field "AddReplicaRegions".` {
		t.Errorf("field: %v", err)
	}
}
