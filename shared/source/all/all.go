// Package all lists every driver. A program that needs only one imports that one.
package all

import (
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/bigquery"
	"github.com/headwaterhq/headwater/shared/source/gcs"
	"github.com/headwaterhq/headwater/shared/source/s3"
	"github.com/headwaterhq/headwater/shared/source/snowflake"
)

// Drivers are the drivers of all platforms.
func Drivers(endpoints source.Endpoints) []source.Driver {
	return []source.Driver{
		bigquery.New(endpoints),
		gcs.New(endpoints),
		s3.New(),
		snowflake.New(endpoints),
	}
}
