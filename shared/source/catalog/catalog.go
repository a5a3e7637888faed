// Package catalog describes the platforms that Headwater reads, apart from the
// drivers that read them: what only lists platforms, checks settings against a
// Spec or prints the statements of a grant links no platform's SDK.
package catalog

import "github.com/headwaterhq/headwater/shared/source"

// entry is what the catalog knows of one platform.
type entry struct {
	spec source.Spec
	// grants makes the statements that let a connection read, and nothing else.
	grants func(source.GrantRequest) []source.Grant
}

func entries() []entry {
	return []entry{
		{BigQuery(), BigQueryGrants},
		{GCS(), GCSGrants},
		{S3(), S3Grants},
		{Snowflake(), SnowflakeGrants},
	}
}

// Specs are the Specs of all platforms, one for each driver of package all.
func Specs() source.Catalog {
	var specs source.Catalog
	for _, e := range entries() {
		specs = append(specs, e.spec)
	}
	return specs
}

// Grants returns the least-privilege statements for some tables of a
// connection, in the order in which to run them, or fault.PlatformUnknown.
func Grants(platform string, req source.GrantRequest) ([]source.Grant, error) {
	if _, err := Specs().Spec(platform); err != nil {
		return nil, err
	}
	for _, e := range entries() {
		if e.spec.Platform == platform {
			return e.grants(req), nil
		}
	}
	return nil, nil
}
