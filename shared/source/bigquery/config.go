package bigquery

import (
	"cmp"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// config is a connection's configuration.
type config struct {
	project, billing string
	location         string   // "" is any
	datasets         []string // sorted; nil is all
	maximumBytes     int64    // 0 is no limit
	omni             omni
	connection       string // the connection's own id, for BigQuery's records
	grants           source.GrantRequest
}

// omni is a BigQuery connection to Amazon S3.
type omni struct{ project, location, id string }

func (c omni) given() bool { return c.id != "" }

func parse(cfg source.Config) (config, error) {
	c := config{
		project:    cfg.Text("project"),
		location:   cfg.Text("location"),
		datasets:   catalog.BigQueryDatasets(cfg.Text("datasets")),
		connection: cfg.Connection,
		grants:     source.GrantRequest{Settings: cfg.Settings, Method: cfg.Credential.Method, Connection: cfg.Connection},
	}
	c.billing = cmp.Or(cfg.Text("billing_project"), c.project)
	if limit, ok := cfg.Settings["maximum_bytes_billed"].(float64); ok {
		c.maximumBytes = int64(limit)
	}
	if c.maximumBytes < 0 {
		return config{}, fault.Field(fault.SourceInvalidConfig, "settings.maximum_bytes_billed", "must not be negative")
	}
	if project, location, id, ok := catalog.BigQueryConnection(c.grants); ok {
		c.omni = omni{project, location, id}
	}
	if c.omni.given() && c.location != "" && !strings.EqualFold(c.location, c.omni.location) {
		return config{}, fault.Field(fault.SourceWrongRegion, "settings.location", "is not the location of the Omni connection, which is "+c.omni.location)
	}
	return c, nil
}

// cap is the lower of two limits of bytes, of which 0 is none.
func (c config) cap(wanted int64) int64 {
	if wanted <= 0 || c.maximumBytes > 0 && c.maximumBytes < wanted {
		return c.maximumBytes
	}
	return wanted
}

// wants reports whether a dataset is at the connection's location.
func (c config) wants(location string) bool {
	return c.location == "" || strings.EqualFold(c.location, location)
}

// offCloud reports whether a location is a region of another cloud, where BigQuery
// Omni runs and the Storage Read API does not.
func offCloud(location string) bool {
	location = strings.ToLower(location)
	return strings.HasPrefix(location, "aws-") || strings.HasPrefix(location, "azure-")
}
