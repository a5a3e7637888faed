package config_test

import (
	"log/slog"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/source"
)

func lookup(env map[string]string) config.Lookup {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}

var full = map[string]string{
	"HEADWATER_TABLE": "t", "HEADWATER_BUCKET": "b", "HEADWATER_KMS_KEY_ID": "k", "HEADWATER_SECRET_PREFIX": "s",
	"HEADWATER_VALIDATE_CONNECTION_ARN": "v", "HEADWATER_RUN_IMPORT_ARN": "r", "HEADWATER_PRINCIPAL": "123456789012",
	"HEADWATER_LAKE_CATALOG": "sql", "HEADWATER_LAKE_CATALOG_URI": "file:lake.db",
	"HEADWATER_OIDC_ISSUER": "https://id.example", "HEADWATER_OIDC_AUDIENCE": "hw", "HEADWATER_OIDC_WORKSPACE_CLAIM": "ws",
	"HEADWATER_LOG_LEVEL":      "debug",
	"AWS_LAMBDA_FUNCTION_NAME": "headwater-x", "AWS_LAMBDA_FUNCTION_VERSION": "7",
}

func TestComplete(t *testing.T) {
	self := config.Function{Name: "headwater-x", Version: "7", LogLevel: slog.LevelDebug}
	control := config.Control{Function: self, Table: "t", Bucket: "b"}
	lake := config.Lake{Control: control, Catalog: config.Catalog{Kind: "sql", URI: "file:lake.db"}}
	check(t, config.ForAPI, config.API{
		Function: self, Table: "t", Bucket: "b", KMSKeyID: "k", SecretPrefix: "s", ValidateConnectionARN: "v", RunImportARN: "r", Principal: "123456789012",
	})
	check(t, config.ForAuthorizer, config.Authorizer{
		Function: self, Table: "t", OIDC: config.OIDC{Issuer: "https://id.example", Audience: "hw", WorkspaceClaim: "ws"},
	})
	check(t, config.ForControl, control)
	check(t, config.ForValidation, config.Validation{Control: control, SecretPrefix: "s"})
	check(t, config.ForLake, lake)
	check(t, config.ForTransfer, config.Transfer{Lake: lake, SecretPrefix: "s"})
}

func check[T any](t *testing.T, load func(config.Lookup) (T, error), want T) {
	t.Helper()
	got, err := load(lookup(full))
	if err != nil {
		t.Fatalf("loading %T: %v", want, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%T (-want +got):\n%s", want, diff)
	}
}

func TestProblemsAreReportedTogether(t *testing.T) {
	_, err := config.ForTransfer(lookup(map[string]string{"HEADWATER_BUCKET": "", "HEADWATER_LAKE_CATALOG": "hive", "HEADWATER_LOG_LEVEL": "LOUD"}))
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"HEADWATER_TABLE", "HEADWATER_BUCKET", "HEADWATER_SECRET_PREFIX", "HEADWATER_LAKE_CATALOG must", "HEADWATER_LOG_LEVEL"} {
		if strings.Count(err.Error(), name) != 1 {
			t.Errorf("want %s once in:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), "hive") || strings.Contains(err.Error(), "LOUD") {
		t.Errorf("a value is repeated: %v", err)
	}
}

func TestCatalogURIGoesWithSQL(t *testing.T) {
	env := maps.Clone(full)
	delete(env, "HEADWATER_LAKE_CATALOG_URI")
	if _, err := config.ForLake(lookup(env)); err == nil || !strings.Contains(err.Error(), "HEADWATER_LAKE_CATALOG_URI") {
		t.Errorf("sql without a URI: %v", err)
	}
	env["HEADWATER_LAKE_CATALOG"] = "glue"
	if _, err := config.ForLake(lookup(env)); err != nil {
		t.Errorf("glue without a URI: %v", err)
	}
}

func TestOIDCIsOptionalAsAWhole(t *testing.T) {
	c, err := config.ForAuthorizer(lookup(map[string]string{"HEADWATER_TABLE": "t"}))
	if err != nil || c.OIDC != (config.OIDC{}) {
		t.Errorf("without OIDC: %+v, %v", c, err)
	}
	_, err = config.ForAuthorizer(lookup(map[string]string{"HEADWATER_TABLE": "t", "HEADWATER_OIDC_ISSUER": "https://id.example"}))
	if err == nil || !strings.Contains(err.Error(), "AUDIENCE") || !strings.Contains(err.Error(), "WORKSPACE_CLAIM") {
		t.Errorf("half of OIDC: %v", err)
	}
}

// The architecture lists exactly the variables that are read.
func TestVariablesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, name := range regexp.MustCompile("HEADWATER_[A-Z0-9_]*[A-Z0-9]").FindAllString(string(doc), -1) {
		documented[name] = true
	}
	asked := map[string]bool{}
	spy := func(name string) (string, bool) {
		if strings.HasPrefix(name, "HEADWATER_") {
			asked[name] = true
		}
		return full[name], full[name] != ""
	}
	_, _ = config.ForAPI(spy)
	_, _ = config.ForAuthorizer(spy)
	_, _ = config.ForTransfer(spy)
	for _, service := range []string{
		source.EndpointBigQuery, source.EndpointBigQueryStorage, source.EndpointGCS, source.EndpointGoogleOAuth, source.EndpointGoogleSTS,
		source.EndpointGoogleIAMCredentials, source.EndpointGoogleResourceManager, source.EndpointSnowflake,
	} {
		config.Endpoints(spy)(service)
	}
	if diff := cmp.Diff(documented, asked); diff != "" {
		t.Errorf("documented and read variables differ (-documented +read):\n%s", diff)
	}
}

func TestAWSHonoursEndpoint(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	cfg, err := config.AWS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Region != "eu-west-1" || cfg.BaseEndpoint == nil || *cfg.BaseEndpoint != "http://127.0.0.1:1" {
		t.Errorf("region %q, endpoint %v", cfg.Region, cfg.BaseEndpoint)
	}
}
