package s3_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

const kmsKey = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// gate stands before the laptop's S3 and STS and answers what they cannot: it
// says what AWS says of keys, of buckets that charge their readers and of other
// regions. What it does not answer goes through.
func gate(t *testing.T, answers func(w http.ResponseWriter, r *http.Request) bool) *cloud {
	t.Helper()
	c := newCloud(t)
	to, err := url.Parse(c.s3)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(to)
		p.Out.Host = p.In.Host
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answers(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	put(t, admin(c.s3), prefix+"/t/a.csv", "a\n1\n")
	return c
}

// sayNo answers as S3 does; to HEAD without a body.
func sayNo(w http.ResponseWriter, r *http.Request, status int, code, message string) bool {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = xml.NewEncoder(w).Encode(struct {
			XMLName       xml.Name `xml:"Error"`
			Code, Message string
		}{Code: code, Message: message})
	}
	return true
}

func getsObject(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".csv")
}

func set(cfg source.Config, name string, value any) source.Config {
	cfg.Settings[name] = value
	return cfg
}

// TestAKeyThatDoesNotDecryptIsToldFromS3 uses the words of AWS, one text for each place where the permission may be missing.
func TestAKeyThatDoesNotDecryptIsToldFromS3(t *testing.T) {
	denied := "User: arn:aws:sts::444455556666:assumed-role/headwater-reader/headwater-con_01J9ZK is not authorized to perform: kms:Decrypt on resource: " + kmsKey
	for name, tt := range map[string]struct{ code, message string }{
		"no permission":   {"AccessDenied", denied + " because no identity-based policy allows the kms:Decrypt action"},
		"the key refuses": {"AccessDenied", denied + " because no resource-based policy allows the kms:Decrypt action"},
		"another key":     {"AccessDenied", denied + " because no session policy allows the kms:Decrypt action"},
		"no such key":     {"AccessDenied", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."},
		"disabled":        {"KMS.DisabledException", kmsKey + " is disabled."},
	} {
		t.Run(name, func(t *testing.T) {
			gate(t, func(w http.ResponseWriter, r *http.Request) bool {
				return getsObject(r) && sayNo(w, r, http.StatusForbidden, tt.code, tt.message)
			})
			r := failed(t, check(t, set(byRole(bucket, readerRole), "kms_key_arn", kmsKey)))
			if r.Name != "s3.kms_decrypt" || r.Code != string(fault.SourcePermission) || !strings.Contains(r.Provider, tt.message) {
				t.Errorf("got %+v", r)
			}
			for _, want := range []string{`"Action": "kms:Decrypt"`, readerRole, "s3." + region + ".amazonaws.com"} {
				if !strings.Contains(r.Remedy.Snippet, want) {
					t.Errorf("the statement for the key lacks %s:\n%s", want, r.Remedy.Snippet)
				}
			}
			if r := failed(t, check(t, byRole(bucket, readerRole))); !strings.Contains(r.Remedy.Text, "Set kms_key_arn") {
				t.Errorf("without the setting: %+v", r.Remedy)
			}
			user := "arn:aws:iam::" + ownAccount + ":user/" + strings.ToLower(adminKey)
			if r := failed(t, check(t, set(config(bucket, adminKey), "kms_key_arn", kmsKey))); !strings.Contains(r.Remedy.Snippet, user) {
				t.Errorf("by an access key the statement lacks %s:\n%s", user, r.Remedy.Snippet)
			}
		})
	}
}

// TestOneDirectoryThatCannotBeRead: its table has the problem, and the connection works for the others.
func TestOneDirectoryThatCannotBeRead(t *testing.T) {
	for name, tt := range map[string]struct {
		status              int
		code, message       string
		check, says, reason string
	}{
		"archived":          {403, "InvalidObjectState", "The operation is not valid for the object's storage class", "", "", "archived"},
		"of another key":    {403, "AccessDenied", "User: x is not authorized to perform: kms:Decrypt on resource: " + kmsKey, "s3.kms_decrypt", "may decrypt", "kms:Decrypt"},
		"denied":            {403, "AccessDenied", "Access Denied", "s3.get_object", "may not read", "s3:GetObject"},
		"gone in the while": {404, "NoSuchKey", "The specified key does not exist.", "", "", "replaced or removed"},
	} {
		t.Run(name, func(t *testing.T) {
			c := gate(t, func(w http.ResponseWriter, r *http.Request) bool {
				return getsObject(r) && strings.Contains(r.URL.Path, "/locked/") && sayNo(w, r, tt.status, tt.code, tt.message)
			})
			put(t, admin(c.s3), prefix+"/locked/a.csv", "a\n1\n")
			s := open(t, byRole(bucket, readerRole))
			results, err := s.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if want := r.Name == tt.check; want != (r.Outcome == source.Warn) || r.Outcome == source.Fail || want && !strings.Contains(r.Detail, tt.says) {
					t.Errorf("%s: %s: %s", r.Name, r.Outcome, r.Detail)
				}
			}
			page, err := s.Discover(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Tables) != 2 || !strings.Contains(page.Tables[0].Problem, tt.reason) || page.Tables[1].Problem != "" {
				t.Errorf("got %+v", page.Tables)
			}
		})
	}
}

func TestTheKeyOfTheSettingsIsHeldAgainstTheObjects(t *testing.T) {
	gate(t, func(w http.ResponseWriter, r *http.Request) bool {
		if getsObject(r) {
			w.Header().Set("X-Amz-Server-Side-Encryption", "aws:kms")
			w.Header().Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", kmsKey)
		}
		return false
	})
	for setting, want := range map[string]source.Outcome{"": source.Pass, kmsKey: source.Pass, kmsKey[:len(kmsKey)-1] + "c": source.Warn} {
		r := result(t, check(t, set(byRole(bucket, readerRole), "kms_key_arn", setting)), "s3.kms_decrypt")
		if r.Outcome != want || !strings.Contains(r.Detail, kmsKey) {
			t.Errorf("%q: got %+v", setting, r)
		}
	}
}

// TestABucketThatChargesItsReaders: every call says that the reader pays, and none does unless the settings say so.
func TestABucketThatChargesItsReaders(t *testing.T) {
	charges := true
	gate(t, func(w http.ResponseWriter, r *http.Request) bool {
		switch pays := r.Header.Get("X-Amz-Request-Payer") == "requester"; {
		case charges && !pays:
			return sayNo(w, r, http.StatusForbidden, "AccessDenied", "Access Denied")
		case charges && r.Header.Get("Authorization") != "":
			w.Header().Set("X-Amz-Request-Charged", "requester")
		}
		return false
	})
	if r := failed(t, check(t, byRole(bucket, readerRole))); r.Name != "s3.list_objects" || !strings.Contains(r.Remedy.Text, "requester_pays") {
		t.Errorf("without the setting: %+v", r)
	}
	paying := set(byRole(bucket, readerRole), "requester_pays", true)
	if r := result(t, check(t, paying), "s3.requester_pays"); r.Outcome != source.Pass || !strings.Contains(r.Detail, "account of the role") {
		t.Errorf("got %+v", r)
	}
	s := open(t, paying)
	page, err := s.Discover(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(t.Context(), source.PlanRequest{Table: page.Tables[0]})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := readAll(t, s, plan); rows != `{"a":1}` {
		t.Errorf("read %s, %v", rows, err)
	}
	charges = false
	if r := result(t, check(t, paying), "s3.requester_pays"); r.Outcome != source.Warn || r.Remedy == nil {
		t.Errorf("a bucket that charges nobody: %+v", r)
	}
}

// TestAnotherRegionIsNamedAndNotFollowed: whichever way S3 says that the bucket is elsewhere.
func TestAnotherRegionIsNamedAndNotFollowed(t *testing.T) {
	const there = "eu-west-3"
	malformed := "The authorization header is malformed; the region 'us-east-1' is wrong; expecting '" + there + "'"
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was followed to another region", r.Method, r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	for name, tt := range map[string]struct {
		status        int
		code, message string
		header        bool // S3 names the region in a header
		anonymous     bool // and tells it to whoever asks
		unnamed       bool
	}{
		"301, told to anybody":         {301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.", true, true, false},
		"301, told to the signer":      {301, "PermanentRedirect", "Use the specified endpoint.", true, false, false},
		"307 without a region":         {307, "TemporaryRedirect", "Please re-send this request to the specified temporary endpoint.", false, true, true},
		"400 with a header":            {400, "AuthorizationHeaderMalformed", malformed, true, false, false},
		"400 that says it in its body": {400, "AuthorizationHeaderMalformed", malformed, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			gate(t, func(w http.ResponseWriter, r *http.Request) bool {
				signed := r.Header.Get("Authorization") != ""
				if signed && strings.Contains(r.Header.Get("Authorization"), "/"+there+"/s3/") {
					return false
				}
				if !signed && !tt.anonymous {
					return sayNo(w, r, http.StatusForbidden, "AccessDenied", "Access Denied")
				}
				if tt.header {
					w.Header().Set("X-Amz-Bucket-Region", there)
				}
				if tt.status < 400 {
					w.Header().Set("Location", elsewhere.URL+r.URL.RequestURI())
				}
				return sayNo(w, r, tt.status, tt.code, tt.message)
			})
			s := open(t, byRole(bucket, readerRole))
			results, err := s.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r := failed(t, results)
			want := "set the region to " + there
			if tt.unnamed {
				want = "another region"
			}
			if r.Name != "s3.region" || r.Code != string(fault.SourceWrongRegion) || !strings.Contains(r.Detail, want) || r.Provider == "" {
				t.Errorf("got %+v", r)
			}
			if _, err := s.Discover(t.Context(), ""); fault.CodeOf(err) != fault.SourceWrongRegion {
				t.Errorf("discovering gives %v", err)
			}
		})
	}
}
