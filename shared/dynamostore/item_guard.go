package dynamostore

import (
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

type cursorItem struct {
	Column   string       `dynamodbav:"column"`
	Type     schema.Type  `dynamodbav:"type,omitempty"`
	Lookback int64        `dynamodbav:"lookback,omitempty"`
	Nulls    ingest.Nulls `dynamodbav:"nulls,omitempty"`
}

type guardsItem struct {
	MaximumRejectedRows  *int64          `dynamodbav:"maximum_rejected_rows,omitempty"`
	MaximumRejectedShare *float64        `dynamodbav:"maximum_rejected_share,omitempty"`
	Volume               guardItem       `dynamodbav:"volume"`
	Deletes              guardItem       `dynamodbav:"deletes"`
	MissingIdentifiers   guardItem       `dynamodbav:"missing_identifiers"`
	Hubs                 guardItem       `dynamodbav:"hubs"`
	HubLinks             int             `dynamodbav:"hub_links,omitempty"`
	HoldHours            int             `dynamodbav:"hold_hours,omitempty"`
	OnExpiry             ingest.OnExpiry `dynamodbav:"on_expiry,omitempty"`
}

type guardItem struct {
	Limit  *float64      `dynamodbav:"limit,omitempty"`
	Action ingest.Action `dynamodbav:"action,omitempty"`
}

// newGuardsItem returns nil for guards that are all as they are by default.
func newGuardsItem(g ingest.Guards) *guardsItem {
	if g == (ingest.Guards{}) {
		return nil
	}
	return &guardsItem{
		MaximumRejectedRows: g.MaximumRejectedRows, MaximumRejectedShare: g.MaximumRejectedShare,
		Volume: guardItem(g.Volume), Deletes: guardItem(g.Deletes), MissingIdentifiers: guardItem(g.MissingIdentifiers), Hubs: guardItem(g.Hubs),
		HubLinks: g.HubLinks, HoldHours: g.HoldHours, OnExpiry: g.OnExpiry,
	}
}

func (i *guardsItem) guards() ingest.Guards {
	if i == nil {
		return ingest.Guards{}
	}
	return ingest.Guards{
		MaximumRejectedRows: i.MaximumRejectedRows, MaximumRejectedShare: i.MaximumRejectedShare,
		Volume: ingest.Guard(i.Volume), Deletes: ingest.Guard(i.Deletes), MissingIdentifiers: ingest.Guard(i.MissingIdentifiers), Hubs: ingest.Guard(i.Hubs),
		HubLinks: i.HubLinks, HoldHours: i.HoldHours, OnExpiry: i.OnExpiry,
	}
}
