package storetest

import (
	"fmt"
	"testing"

	"github.com/headwaterhq/headwater/shared/ingest"
)

func testPartsFrom(t *testing.T, s Store) {
	r := addRunning(t, s, 12)
	for _, split := range []int{0, 2, 11} {
		for number := range 3 {
			from := ""
			if number > 0 {
				from = fmt.Sprint(number - 1)
			}
			kept, err := s.RecordPart(t.Context(), r.Ref(), part(split, number, from, fmt.Sprint(number), false))
			did(t, "RecordPart", true, kept, err)
		}
	}
	foreign := r.Ref()
	foreign.WorkspaceID = "thief"
	for _, test := range []struct {
		of                   ingest.Ref
		split, number, limit int
		want                 []string
	}{
		{r.Ref(), 0, 0, 100, []string{"0.0", "0.1", "0.2", "2.0", "2.1", "2.2", "11.0", "11.1", "11.2"}},
		{r.Ref(), 0, 0, 2, []string{"0.0", "0.1"}},
		{r.Ref(), 0, 2, 2, []string{"0.2", "2.0"}},
		{r.Ref(), 0, 7, 1, []string{"2.0"}},
		{r.Ref(), 0, 2_000_000, 1, []string{"2.0"}},
		{r.Ref(), 1, 0, 1, []string{"2.0"}},
		{r.Ref(), 2, 1, 3, []string{"2.1", "2.2", "11.0"}},
		{r.Ref(), 11, 3, 100, nil},
		{r.Ref(), 2_000_000, 0, 100, nil},
		{r.Ref(), 0, 0, 0, nil},
		{foreign, 0, 0, 100, nil},
	} {
		found, err := s.PartsFrom(t.Context(), test.of, test.split, test.number, test.limit)
		ok(t, "PartsFrom", err)
		var got []string
		for _, p := range found {
			got = append(got, fmt.Sprintf("%d.%d", p.Split, p.Number))
		}
		same(t, fmt.Sprintf("parts from %d.%d, at most %d", test.split, test.number, test.limit), test.want, got)
	}
	all, err := s.PartsFrom(t.Context(), r.Ref(), 0, 0, 1)
	ok(t, "PartsFrom", err)
	same(t, "part", part(0, 0, "", "0", false), all[0])
}
