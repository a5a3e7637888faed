// Package catalog describes the platforms that Headwater reads, apart from the
// drivers that read them: what only lists platforms, or checks settings against
// a Spec, links no platform's SDK.
package catalog

import "github.com/headwaterhq/headwater/shared/source"

// Specs are the Specs of all platforms, one for each driver of package all.
func Specs() source.Catalog {
	return source.Catalog{
		S3(),
	}
}
