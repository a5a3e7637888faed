package controlapi_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
)

func TestDocumentIsServedToAnybody(t *testing.T) {
	s := newStand(t)
	want, err := os.ReadFile("../openapi.yaml")
	s.must(err)
	answer := s.Do(t, contracttest.Request{Target: "/openapi.yaml"})
	if answer.Status != 200 || answer.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%d %v", answer.Status, answer.Header)
	}
	if diff := cmp.Diff(string(want), string(answer.Body)); diff != "" {
		t.Errorf("document (-file +served):\n%s", diff)
	}
}
