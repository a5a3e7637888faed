package s3_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
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
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/s3"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
)

const (
	region      = "us-east-1"
	adminKey    = "ADMINADMINADMIN1"
	readerKey   = "READERREADERREAD"
	listerKey   = "LISTERLISTERLIST"
	nobodyKey   = "NOBODYNOBODYNOBO"
	unpinnedKey = "UNPINNEDUNPINNED" // may read, and no versions
	unknownKey  = "UNKNOWNUNKNOWNUN"
	partialKey  = "PARTIALPARTIALPA" // may read one table
	ownKey      = "AMBIENTAMBIENTAM" // the deployment's
)

// secretOf returns a key's secret, with the characters that URLs escape.
func secretOf(key string) string { return "canary/" + strings.ToLower(key) + "+K7MDENG=" }

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// config opens a connection by an access key.
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

func createBucket(t testing.TB, url string) {
	t.Helper()
	if _, err := admin(url).CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
}

func fill(t *testing.T, url string, objects map[string]string) {
	t.Helper()
	client := admin(url)
	for key, body := range objects {
		put(t, client, prefix+"/"+key, body)
	}
	put(t, client, "other/outside.csv", "a\n1\n")
}

func put(t testing.TB, client *awss3.Client, key, body string) {
	t.Helper()
	_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, client *awss3.Client, key string) {
	t.Helper()
	if _, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key}); err != nil {
		t.Fatal(err)
	}
}

// fake starts gofakes3, which takes any signature, with an empty bucket.
func fake(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(server.Close)
	createBucket(t, server.URL)
	return server.URL
}

// connect points the driver at a peer, through a recorder.
func connect(t *testing.T, url string) *sourcetest.Recorder {
	t.Helper()
	recorder := sourcetest.Record(t, url)
	secrets := map[string]string{}
	for _, key := range []string{adminKey, readerKey, listerKey, nobodyKey, unpinnedKey, partialKey} {
		secrets[key] = secretOf(key)
	}
	pointAt(t, recorder.URL, newSTS(t, secrets))
	return recorder
}

// pointAt makes the driver find S3 and STS, and a process that has a key of its own.
func pointAt(t testing.TB, s3URL, stsURL string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": s3URL, "AWS_ENDPOINT_URL_STS": stsURL,
		"AWS_ACCESS_KEY_ID": ownKey, "AWS_SECRET_ACCESS_KEY": secretOf(ownKey), "AWS_SESSION_TOKEN": "",
		"AWS_REGION": region, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func badSecret() source.Config {
	cfg := config(bucket, readerKey)
	cfg.Credential.Fields["secret_access_key"] = "canary/another+secret="
	return cfg
}

// inRegion changes the region of a configuration.
func inRegion(cfg source.Config, region string) source.Config {
	cfg.Settings = maps.Clone(cfg.Settings)
	cfg.Settings["region"] = region
	return cfg
}

// byKey is a harness for a peer that holds content.
func byKey(tables []sourcetest.Table, recorder *sourcetest.Recorder) sourcetest.Harness {
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
		Counts:      sourcetest.Counts{Rows: true},
		Mutations:   recorder.Mutations,
		Interrupt:   recorder.Break,
		Skips:       map[string]string{"Refresh": "an access key does not expire"},
	}
}

// oneMoreRow replaces the file of the biggest table by one with another row.
func oneMoreRow(client *awss3.Client, objects map[string]string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		put(t, client, prefix+"/big/users.csv", objects["big/users.csv"]+"60000,late@example.com,0.5\n")
	}
}

func TestConformanceOnFake(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("suite", func(t *testing.T) {
		url := fake(t)
		objects, tables := content(t)
		fill(t, url, objects)
		h := byKey(tables, connect(t, url))
		h.Change = oneMoreRow(admin(url), objects)
		sourcetest.Run(t, h)
	})
}

// TestFileSettings: what the settings say of files reaches their reader, in plans too.
func TestFileSettings(t *testing.T) {
	url := fake(t)
	put(t, admin(url), prefix+"/t/dt=1/a.csv", "1;x\n2;-\n")
	connect(t, url)
	cfg := config(bucket, readerKey)
	for name, value := range map[string]string{"csv_delimiter": ";", "csv_header": "absent", "csv_null": "-", "hive_partitions": "off"} {
		cfg.Settings[name] = value
	}
	s := open(t, cfg)
	page, err := s.Discover(t.Context(), "")
	if err != nil || len(page.Tables) != 1 {
		t.Fatalf("got %+v, %v", page, err)
	}
	plan, err := s.Plan(t.Context(), source.PlanRequest{Table: page.Tables[0]})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(t, s, plan)
	if want := `{"column_1":1,"column_2":"x"}{"column_1":2,"column_2":null}`; rows != want || err != nil || page.Tables[0].Name != "t/dt=1" {
		t.Errorf("%s: got %s, %v", page.Tables[0].Name, rows, err)
	}
}

// TestDeploymentNetwork: what remedies ask AWS about is a function of the deployment.
func TestDeploymentNetwork(t *testing.T) {
	if want := "--function-name " + names.Stack + "-" + names.Check + " "; !strings.Contains(catalog.DeploymentNetwork, want) {
		t.Errorf("%q lacks %q", catalog.DeploymentNetwork, want)
	}
}

// TestRolePrefix: what the Spec lets a connection name is what the deployment's policy lets it assume.
func TestRolePrefix(t *testing.T) {
	if catalog.S3RolePrefix != names.SourceRolePrefix {
		t.Errorf("the Spec wants %q, the deployment %q", catalog.S3RolePrefix, names.SourceRolePrefix)
	}
}
