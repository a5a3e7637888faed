package landing

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// workspaceKeys are those of the only workspace.
type workspaceKeys struct{}

// WorkspaceKeys implements quarantine.WorkspaceKeys.
func (workspaceKeys) WorkspaceKeys(context.Context, string) (ingest.WorkspaceKeys, error) {
	return ingest.WorkspaceKeys{HMAC: make([]byte, 32), Quarantine: make([]byte, 32)}, nil
}

// runKey makes the key that seals what the run sets aside.
func runKey(ctx context.Context) (quarantine.Key, error) {
	vault := quarantine.Vault{Keys: memstore.New(), Workspace: workspaceKeys{}}
	key, err := vault.Create(ctx, ingest.Ref{WorkspaceID: "bench", ImportID: "bench", RunID: "run"})
	if err != nil {
		return key, fmt.Errorf("making the key of the quarantine: %w", err)
	}
	return key, nil
}

// keep writes a split's quarantine, if it has any.
func (w Work) keep(split int, aside *quarantine.Writer) error {
	lines, rows, err := aside.Close()
	if err != nil {
		return fmt.Errorf("closing quarantine: %w", err)
	}
	for name, body := range map[string][]byte{"ndjson.gz": lines, "rows": rows} {
		if body == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(w.Output, fmt.Sprintf("quarantine-%d.%s", split, name)), body, 0o600); err != nil {
			return fmt.Errorf("keeping quarantine: %w", err)
		}
	}
	return nil
}
