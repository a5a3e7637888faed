package source

// Endpoints returns the base URL under which a service of a platform is
// reached, "" for the platform's own. It is how a deployment uses a private
// endpoint, and a laptop an emulator.
type Endpoints func(service string) string

// The services that have an endpoint.
const (
	EndpointBigQuery              = "bigquery"
	EndpointBigQueryStorage       = "bigquery_storage" // http:// means gRPC without TLS
	EndpointGCS                   = "gcs"
	EndpointGoogleOAuth           = "google_oauth2"
	EndpointGoogleSTS             = "google_sts"
	EndpointGoogleIAMCredentials  = "google_iam_credentials" //nolint:gosec // the name of a service
	EndpointGoogleResourceManager = "google_resource_manager"
	EndpointSnowflake             = "snowflake"
)

// NoEndpoints leaves every service where it is.
func NoEndpoints(string) string { return "" }
