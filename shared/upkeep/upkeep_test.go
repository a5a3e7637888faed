package upkeep_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/upkeep"
)

// tables are given ones; maintaining one ends as the test says.
type tables struct {
	refs   []lake.TableRef
	broken error
	made   lake.Maintained
	how    lake.Upkeep
}

func (t *tables) Tables(context.Context) iter.Seq2[lake.TableRef, error] {
	return func(yield func(lake.TableRef, error) bool) {
		for _, ref := range t.refs {
			if !yield(ref, nil) {
				return
			}
		}
		if t.broken != nil {
			yield(lake.TableRef{}, t.broken)
		}
	}
}

func (t *tables) MaintainTable(_ context.Context, _ lake.TableRef, how lake.Upkeep) (lake.Maintained, error) {
	t.how = how
	return t.made, t.broken
}

type objects map[string]string

func (o objects) Put(_ context.Context, key string, body []byte) error {
	o[key] = string(body)
	return nil
}

// What a run has written is there until it commits: a day before it would go, the description of it goes.
func TestUpkeepLeavesRunsThatMayCommit(t *testing.T) {
	if kept := upkeep.Daily().OrphanAge - 24*time.Hour; kept < ingest.CommitsWithin {
		t.Errorf("files are kept for %s, and a run may commit after %s", kept, ingest.CommitsWithin)
	}
}

func TestListIsJSONLines(t *testing.T) {
	stored := objects{}
	two := &tables{refs: []lake.TableRef{{Namespace: "ws_a", Table: "user_profile_1"}, {Namespace: "ws_b", Table: "t"}}}
	key, count, err := (&upkeep.Keeper{Tables: two, Objects: stored}).List(t.Context(), "night-1")
	if err != nil || key != "upkeep/night-1.jsonl" || count != 2 {
		t.Errorf("%q, %d, %v", key, count, err)
	}
	want := objects{key: `{"namespace":"ws_a","table":"user_profile_1"}` + "\n" + `{"namespace":"ws_b","table":"t"}` + "\n"}
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	two.broken = errors.New("the catalog is away")
	if _, _, err := (&upkeep.Keeper{Tables: two, Objects: stored}).List(t.Context(), "night-2"); !errors.Is(err, two.broken) {
		t.Errorf("got %v", err)
	}
	if len(stored) != 1 {
		t.Errorf("half a list is stored: %v", stored)
	}
}

func TestMaintain(t *testing.T) {
	other := errors.New("something else")
	tests := map[string]struct {
		lake tables
		done bool
		err  error
	}{
		"nothing left":  {tables{made: lake.Maintained{FilesRewritten: 2}}, true, nil},
		"more to do":    {tables{made: lake.Maintained{Postponed: true}}, false, nil},
		"gone":          {tables{broken: fault.New(fault.LakeTableMissing, "")}, true, nil},
		"another error": {tables{broken: other}, true, other},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			keeper := &upkeep.Keeper{Tables: &test.lake, How: upkeep.Daily()}
			done, made, err := keeper.Maintain(t.Context(), lake.TableRef{})
			if done != test.done || !errors.Is(err, test.err) || made != test.lake.made {
				t.Errorf("%v, %+v, %v", done, made, err)
			}
			if test.lake.how != upkeep.Daily() {
				t.Errorf("maintained by %+v", test.lake.how)
			}
		})
	}
}
