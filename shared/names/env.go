// Package names holds the names that the infrastructure and the code that
// runs in it must spell the same way. It has constants and nothing else, so
// that either side can import it without meeting the other.
package names

// Environment variables of the functions. AWS's own (AWS_REGION,
// AWS_ENDPOINT_URL_S3, …) are left to its SDK.
const (
	EnvTable                 = "HEADWATER_TABLE"
	EnvBucket                = "HEADWATER_BUCKET"
	EnvKMSKeyID              = "HEADWATER_KMS_KEY_ID"
	EnvSecretPrefix          = "HEADWATER_SECRET_PREFIX"
	EnvValidateConnectionARN = "HEADWATER_VALIDATE_CONNECTION_ARN"
	EnvRunImportARN          = "HEADWATER_RUN_IMPORT_ARN"
	EnvPrincipal             = "HEADWATER_PRINCIPAL"
	EnvLakeCatalog           = "HEADWATER_LAKE_CATALOG"
	EnvLakeCatalogURI        = "HEADWATER_LAKE_CATALOG_URI"
	EnvOIDCIssuer            = "HEADWATER_OIDC_ISSUER"
	EnvOIDCAudience          = "HEADWATER_OIDC_AUDIENCE"
	EnvOIDCWorkspaceClaim    = "HEADWATER_OIDC_WORKSPACE_CLAIM"
	EnvLogLevel              = "HEADWATER_LOG_LEVEL"

	// EnvEndpointPrefix and the name of a service of a platform, in capitals: a base URL.
	EnvEndpointPrefix = "HEADWATER_ENDPOINT_"
)

// Values of EnvLakeCatalog.
const (
	CatalogGlue = "glue"
	CatalogSQL  = "sql"
)
