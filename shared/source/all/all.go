// Package all lists every driver. A program that needs only one imports that one.
package all

import (
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/gcs"
	"github.com/headwaterhq/headwater/shared/source/s3"
)

// Drivers are the drivers of all platforms.
func Drivers(endpoints source.Endpoints) []source.Driver {
	return []source.Driver{
		gcs.New(endpoints),
		s3.New(),
	}
}
