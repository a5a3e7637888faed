package controlapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/manifest"
)

// Manifests are kept as objects.
type Manifests interface {
	Get(ctx context.Context, key string) ([]byte, error)
}

// GetRunManifest returns a run's manifest as it is kept, if it still is what the run's record says.
func (s server) GetRunManifest(ctx context.Context, req GetRunManifestRequestObject) (GetRunManifestResponseObject, error) {
	ref, err := runRef(ctx, req.ID, req.RunID)
	if err != nil {
		return nil, err
	}
	r, err := s.Imports.Run(ctx, ref)
	if err != nil {
		return nil, err
	}
	if r.ManifestHash == "" {
		return nil, fault.New(fault.ManifestNotFound, "the run is "+string(r.Status)+", and has none")
	}
	body, err := s.Manifests.Get(ctx, manifest.Key(ref))
	if err != nil {
		return nil, err
	}
	if manifest.Hash(body) != r.ManifestHash {
		return nil, errors.New("the manifest of run " + r.ID + " is not the one that was written")
	}
	return runManifest{body, r.ManifestHash}, nil
}

// runManifest answers with the very bytes that were hashed.
type runManifest struct {
	body []byte
	hash string
}

// VisitGetRunManifestResponse implements GetRunManifestResponseObject.
func (m runManifest) VisitGetRunManifestResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"`+m.hash+`"`)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(m.body)
	return err
}
