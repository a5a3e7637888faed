package lookupapi

import (
	"context"
	"fmt"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
)

// How many identifiers a preview shows.
const (
	defaultSample = 20
	maxSample     = 100
)

// PreviewAudience counts the people for whom an expression holds.
func (s server) PreviewAudience(ctx context.Context, req PreviewAudienceRequestObject) (PreviewAudienceResponseObject, error) {
	sample := defaultSample
	if asked := req.Body.Sample; asked != nil {
		if *asked < 0 || *asked > maxSample {
			return nil, fault.Field(fault.InvalidRequest, "sample", fmt.Sprintf("must be from 0 to %d", maxSample))
		}
		sample = int(*asked)
	}
	p, err := s.Audiences.Preview(ctx, httpapi.Caller(ctx).WorkspaceID, req.Body.Expression, sample)
	if err != nil {
		return nil, err
	}
	return PreviewAudience200JSONResponse{Count: p.Count, Sample: notNil(p.Sample), RowsScanned: p.RowsScanned}, nil
}
