package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/source"
)

// planPage is how many splits an object has. They are apart from the rest of the plan, so
// that what a worker reads of it does not grow with the number of splits.
const planPage = 250

// pageKey is the object that has a split of the plan.
func pageKey(planKey string, split int) string {
	return fmt.Sprintf("%s/%06d.json", strings.TrimSuffix(planKey, ".json"), split/planPage)
}

// storePlan keeps a plan under a name that no other has. Its pages come first: a plan that is there is whole.
func storePlan(ctx context.Context, objects Objects, run ingest.Run, made plan) (key string, err error) {
	key, made.Count = runKey(run, "plan-"+id.Nonce()+".json"), 0
	for page := range slices.Chunk(made.Splits, planPage) {
		if err := putJSON(ctx, objects, pageKey(key, made.Count), page); err != nil {
			return "", err
		}
		made.Count += len(page)
	}
	return key, putJSON(ctx, objects, key, made)
}

func putJSON(ctx context.Context, objects Objects, key string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding plan: %w", err)
	}
	if err := objects.Put(ctx, key, body); err != nil {
		return fmt.Errorf("storing plan: %w", err)
	}
	return nil
}

// readHead reads a run's plan without its splits.
func readHead(ctx context.Context, objects Objects, run ingest.Run) (plan, error) {
	var made plan
	body, err := objects.Get(ctx, run.PlanKey)
	if err != nil {
		return made, fmt.Errorf("reading plan: %w", err)
	}
	if err := json.Unmarshal(body, &made); err != nil {
		return made, fmt.Errorf("decoding plan: %w", err)
	}
	return made, nil
}

// readPlan reads all of a run's plan.
func readPlan(ctx context.Context, objects Objects, run ingest.Run) (plan, error) {
	made, err := readHead(ctx, objects, run)
	if err != nil {
		return made, err
	}
	var keys []string
	for first := 0; first < made.Count; first += planPage {
		keys = append(keys, pageKey(run.PlanKey, first))
	}
	for body, err := range ahead(ctx, keys, objects.Get) {
		page, err := decodePage(body, err)
		if err != nil {
			return made, err
		}
		made.Splits = append(made.Splits, page...)
	}
	if len(made.Splits) != made.Count {
		return made, fmt.Errorf("reading plan: it has %d splits, %d were planned", len(made.Splits), made.Count)
	}
	return made, nil
}

// readSplit reads one split of a run's plan.
func readSplit(ctx context.Context, objects Objects, run ingest.Run, number int) (source.Split, error) {
	page, err := decodePage(objects.Get(ctx, pageKey(run.PlanKey, number)))
	if err != nil {
		return source.Split{}, err
	}
	at := number % planPage
	if at >= len(page) {
		return source.Split{}, fmt.Errorf("reading plan: the page of split %d ends before it", number)
	}
	return page[at], nil
}

func decodePage(body []byte, err error) (page []source.Split, _ error) {
	if err != nil {
		return nil, fmt.Errorf("reading plan: %w", err)
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("decoding plan: %w", err)
	}
	return page, nil
}
