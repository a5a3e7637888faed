package asl_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// FuzzParse: any text is accepted or refused with reasons that say where.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../../../statemachines/*.asl.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(body))
	}
	f.Add(machine(`"A":{"Type":"Map","Items":[1,"{% 2 %}"],"ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":"{% 1 %}","End":true}}},"End":true}`))
	f.Add(machine(`"A":{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Fail","Error":"E"}}}],"Retry":[{"ErrorEquals":["States.ALL"]}],"End":true}`))
	f.Add(machine(`"A":` + task(`,"TimeoutSeconds":"x","HeartbeatSeconds":{},"End":true`)))
	f.Fuzz(func(t *testing.T, definition string) {
		_, err := asl.Parse([]byte(definition), nil)
		if err == nil {
			return
		}
		problems, ok := asl.Refused(err)
		if !ok || len(problems) == 0 {
			t.Fatalf("refused without reasons: %v", err)
		}
		for _, problem := range problems {
			if problem.Path == "" || problem.Message == "" {
				t.Errorf("a reason without a place or a message: %v", problem)
			}
		}
	})
}
