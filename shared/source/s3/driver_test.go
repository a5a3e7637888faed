package s3_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/s3"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
)

const (
	region     = "us-east-1"
	adminKey   = "ADMINADMINADMIN1"
	readerKey  = "READERREADERREAD"
	listerKey  = "LISTERLISTERLIST"
	nobodyKey  = "NOBODYNOBODYNOBO"
	unknownKey = "UNKNOWNUNKNOWNUN"
)

// secretOf returns a key's secret, with the characters that URLs escape.
func secretOf(key string) string { return "canary/" + strings.ToLower(key) + "+K7MDENG=" }

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func config(bucket, key string) source.Config {
	return source.Config{
		Settings: map[string]any{"bucket": bucket, "prefix": prefix, "region": region},
		Credential: source.Credential{Method: "access_key", Fields: map[string]source.Secret{
			"access_key_id": source.Secret(key), "secret_access_key": source.Secret(secretOf(key)),
		}},
	}
}

// admin is a client that fills a peer.
func admin(url string) *awss3.Client {
	return awss3.New(awss3.Options{
		BaseEndpoint: &url, Region: region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(adminKey, secretOf(adminKey), ""),
	})
}

func fill(t *testing.T, url string, objects map[string]string) {
	t.Helper()
	client := admin(url)
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	for key, body := range objects {
		put(t, client, prefix+"/"+key, body)
	}
	put(t, client, "other/outside.csv", "a\n1\n")
}

func put(t *testing.T, client *awss3.Client, key, body string) {
	t.Helper()
	_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
}

// fake starts gofakes3, which takes any signature.
func fake(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(server.Close)
	return server.URL
}

// connect points the driver at a peer, through a recorder.
func connect(t *testing.T, url string) *sourcetest.Recorder {
	t.Helper()
	recorder := sourcetest.Record(t, url)
	t.Setenv("AWS_ENDPOINT_URL_S3", recorder.URL)
	secrets := map[string]string{}
	for _, key := range []string{adminKey, readerKey, listerKey, nobodyKey} {
		secrets[key] = secretOf(key)
	}
	t.Setenv("AWS_ENDPOINT_URL_STS", newSTS(t, secrets))
	t.Setenv("AWS_ACCESS_KEY_ID", "AMBIENTAMBIENTAM")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "never used")
	return recorder
}

func badSecret() source.Config {
	cfg := config(bucket, readerKey)
	cfg.Credential.Fields["secret_access_key"] = "canary/another+secret="
	return cfg
}

func harness(url string, tables []sourcetest.Table, recorder *sourcetest.Recorder) sourcetest.Harness {
	return sourcetest.Harness{
		Driver: s3.New(),
		Config: config(bucket, readerKey),
		Broken: []sourcetest.Broken{
			{Name: "unknown key", Config: config(bucket, unknownKey), Check: "s3.authenticate", Code: fault.SourceAuthentication},
			{Name: "wrong secret", Config: badSecret(), Check: "s3.authenticate", Code: fault.SourceAuthentication},
			{Name: "missing bucket", Config: config("no-such-bucket", readerKey), Check: "s3.reach", Code: fault.SourceNotFound},
		},
		Tables:      tables,
		Types:       schema.Types(),
		TargetBytes: oneSplit,
		Mutations:   recorder.Mutations,
		Interrupt:   recorder.Break,
		Change: func(t *testing.T) {
			put(t, admin(url), prefix+"/big/users.csv", "id,email,score\n1,changed@example.com,0.5\n")
		},
		Skips: map[string]string{"Refresh": "an access key does not expire"},
	}
}

func TestConformanceOnFake(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("suite", func(t *testing.T) {
		url := fake(t)
		objects, tables := content(t)
		fill(t, url, objects)
		sourcetest.Run(t, harness(url, tables, connect(t, url)))
	})
}
