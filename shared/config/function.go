package config

import (
	"fmt"
	"strings"

	"github.com/headwaterhq/headwater/shared/names"
)

// API configures the api function.
type API struct {
	Function
	Table                 string
	Bucket                string
	KMSKeyID              string
	SecretPrefix          string
	ValidateConnectionARN string
	RunImportARN          string
	Principal             string // AWS account of the functions, which owners of roles trust
}

// ForAPI reads the api function's environment.
func ForAPI(lookup Lookup) (API, error) {
	r := reader{lookup: lookup}
	c := API{
		Function:              r.function(),
		Table:                 r.required(names.EnvTable),
		Bucket:                r.required(names.EnvBucket),
		KMSKeyID:              r.required(names.EnvKMSKeyID),
		SecretPrefix:          r.required(names.EnvSecretPrefix),
		ValidateConnectionARN: r.required(names.EnvValidateConnectionARN),
		RunImportARN:          r.required(names.EnvRunImportARN),
		Principal:             r.required(names.EnvPrincipal),
	}
	return c, r.err()
}

// Authorizer configures the authorizer function. Without OIDC.Issuer it accepts API keys only.
type Authorizer struct {
	Function
	Table string
	OIDC  OIDC
}

// OIDC is the OpenID provider whose tokens are accepted.
type OIDC struct {
	Issuer         string // URL
	Audience       string
	WorkspaceClaim string
}

// ForAuthorizer reads the authorizer function's environment. The three OIDC
// variables are set together or not at all.
func ForAuthorizer(lookup Lookup) (Authorizer, error) {
	r := reader{lookup: lookup}
	c := Authorizer{
		Function: r.function(),
		Table:    r.required(names.EnvTable),
		OIDC: OIDC{
			Issuer:         r.optional(names.EnvOIDCIssuer, ""),
			Audience:       r.optional(names.EnvOIDCAudience, ""),
			WorkspaceClaim: r.optional(names.EnvOIDCWorkspaceClaim, ""),
		},
	}
	if c.OIDC != (OIDC{}) {
		r.required(names.EnvOIDCIssuer)
		r.required(names.EnvOIDCAudience)
		r.required(names.EnvOIDCWorkspaceClaim)
	}
	return c, r.err()
}

// Control configures the functions that work on the table and the lake
// bucket's control objects: roster, claim.
type Control struct {
	Function
	Table  string
	Bucket string
}

// ForControl reads such a function's environment.
func ForControl(lookup Lookup) (Control, error) {
	r := reader{lookup: lookup}
	c := r.control()
	return c, r.err()
}

// Validation configures the functions that open a source and leave the lake
// alone: check, discover.
type Validation struct {
	Control
	SecretPrefix string
}

// ForValidation reads such a function's environment.
func ForValidation(lookup Lookup) (Validation, error) {
	r := reader{lookup: lookup}
	c := Validation{Control: r.control(), SecretPrefix: r.required(names.EnvSecretPrefix)}
	return c, r.err()
}

// Lake configures the functions that open the lake and no secret: settle.
type Lake struct {
	Control
	Catalog    Catalog
	S3Endpoint string // empty: AWS
}

// Warehouse is where the lake's tables lie.
func (l Lake) Warehouse() string {
	return "s3://" + l.Bucket + "/" + strings.TrimSuffix(names.LakePrefix, "/")
}

// Catalog is where the lake's tables are listed.
type Catalog struct {
	Kind string // names.CatalogGlue or names.CatalogSQL
	URI  string // of the SQL database; empty with Glue
}

// ForLake reads such a function's environment.
func ForLake(lookup Lookup) (Lake, error) {
	r := reader{lookup: lookup}
	c := r.lake()
	return c, r.err()
}

// Transfer configures the functions that work on the lake with secrets: plan and extract, which open a source, and commit.
type Transfer struct {
	Lake
	SecretPrefix string
}

// ForTransfer reads such a function's environment.
func ForTransfer(lookup Lookup) (Transfer, error) {
	r := reader{lookup: lookup}
	c := Transfer{Lake: r.lake(), SecretPrefix: r.required(names.EnvSecretPrefix)}
	return c, r.err()
}

func (r *reader) control() Control {
	return Control{Function: r.function(), Table: r.required(names.EnvTable), Bucket: r.required(names.EnvBucket)}
}

// lake also reads the SDK's own variable for S3's endpoint, since the lake's
// readers and writers are given theirs explicitly.
func (r *reader) lake() Lake {
	return Lake{Control: r.control(), Catalog: r.catalog(), S3Endpoint: r.optional("AWS_ENDPOINT_URL_S3", "")}
}

func (r *reader) catalog() Catalog {
	c := Catalog{Kind: r.required(names.EnvLakeCatalog)}
	switch c.Kind {
	case names.CatalogSQL:
		c.URI = r.required(names.EnvLakeCatalogURI)
	case names.CatalogGlue, "": // the latter is reported already
	default:
		r.problems = append(r.problems, fmt.Errorf("%s must be %s or %s", names.EnvLakeCatalog, names.CatalogGlue, names.CatalogSQL))
	}
	return c
}
