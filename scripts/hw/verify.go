package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/manifest"
)

func newVerify(at *deployment) *cobra.Command {
	var workspace string
	var asJSON bool
	command := &cobra.Command{
		Use:   "verify --workspace ID [import...]",
		Short: "Hold the manifests of imports against each other, the runs and the lake",
		Long: "Verify follows the manifests of each import, or of all imports of the workspace, from the one that the import names\n" +
			"to the first. It computes every hash anew, and holds what the manifests say against the records of the runs and\n" +
			"the snapshots of the table: ids, order, rows added and in all. It only reads.",
		Example: "  hw verify --workspace acme\n  hw verify --workspace acme imp_01hxyz --json",
		RunE: func(cmd *cobra.Command, imports []string) (err error) {
			d, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, d.lake.Close()) }()
			reports, err := evidence{store: d.store, objects: d.objects, lake: d.lake}.verify(cmd.Context(), workspace, imports)
			if err != nil {
				return err
			}
			return show(cmd.OutOrStdout(), reports, asJSON)
		},
	}
	command.Flags().StringVarP(&workspace, "workspace", "w", "", "workspace of the imports")
	command.Flags().BoolVar(&asJSON, "json", false, "print the reports as one JSON array")
	if err := command.MarkFlagRequired("workspace"); err != nil {
		panic(err) // there is no such flag
	}
	return command
}

// verify returns a report of each import, of all of the workspace when none is named.
func (e evidence) verify(ctx context.Context, workspace string, ids []string) ([]manifest.Report, error) {
	var imports []ingest.Import
	for _, id := range ids {
		i, err := e.store.Import(ctx, workspace, id)
		if err != nil {
			return nil, fmt.Errorf("reading import %s: %w", id, err)
		}
		imports = append(imports, i)
	}
	if len(ids) == 0 {
		var err error
		if imports, err = e.imports(ctx, workspace); err != nil {
			return nil, err
		}
	}
	reports := make([]manifest.Report, len(imports))
	for n, i := range imports {
		var err error
		if reports[n], err = e.settled(ctx, i); err != nil {
			return nil, fmt.Errorf("verifying import %s: %w", i.ID, err)
		}
	}
	return reports, nil
}

// settled verifies an import, and again when a run began or ended meanwhile: its traces would not fit each other.
func (e evidence) settled(ctx context.Context, i ingest.Import) (manifest.Report, error) {
	for {
		chain, err := e.chain(ctx, i)
		if err != nil {
			return manifest.Report{}, err
		}
		report, err := manifest.Verify(chain)
		if err != nil || report.OK() {
			return report, err
		}
		now, err := e.store.Import(ctx, i.WorkspaceID, i.ID)
		if err != nil {
			return report, fmt.Errorf("reading it again: %w", err)
		}
		if now.OpenRunID == i.OpenRunID && now.LastRunID == i.LastRunID && now.ManifestHash == i.ManifestHash {
			return report, nil
		}
		i = now
	}
}

// show prints the reports, and returns errMismatch when one of them has a problem.
func show(out io.Writer, reports []manifest.Report, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(reports); err != nil {
			return fmt.Errorf("printing the reports: %w", err)
		}
	} else if err := tables(out, reports); err != nil {
		return fmt.Errorf("printing the reports: %w", err)
	}
	for _, r := range reports {
		if !r.OK() {
			return errMismatch
		}
	}
	return nil
}
