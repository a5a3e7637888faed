package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

var bashBlock = regexp.MustCompile("(?s)\n```bash\n(.*?)```")

// TestTheWalkThroughOfTheREADME runs every command of it, in order, in one shell, with what `make run` leaves in .local/env.
func TestTheWalkThroughOfTheREADME(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Walk-through\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := bashBlock.FindAllStringSubmatch(section, -1)
	if !found || len(blocks) < 4 {
		t.Fatalf("the walk-through has %d blocks of commands", len(blocks))
	}
	data, err := demo.Seed(t.Context(), here.Source(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range blocks {
		script.WriteString(block[1])
	}
	dir, w := t.TempDir(), newWorkspace(t)
	if err := os.Mkdir(filepath.Join(dir, ".local"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := fmt.Sprintf("export HEADWATER_URL=%s HEADWATER_KEY=%s\n"+
		"export DEMO_BUCKET=%s DEMO_ACCESS_KEY_ID=%s DEMO_SECRET_ACCESS_KEY=%s\nexport DEMO_IDENTIFIER=%s\n",
		here.URLs.API, w.key, demo.SourceBucket, here.Customer.ID, here.Customer.Secret, data[dataset.Purchases].Files[0].Sample)
	if err := os.WriteFile(filepath.Join(dir, ".local", "env"), []byte(env), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script.String())
	command.Dir, command.WaitDelay = dir, time.Second
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	out, err := command.CombinedOutput()
	here.answers.add(nil, out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`"name":"profiles"`, `"status":"succeeded"`, `"done":true`, `"email_sha256":`, `"profiles":[{`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}
