// Package kibitz makes a fresh token for a reader: <kibitz-comments sso-token="…">, empty for nobody.
package kibitz

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"
)

func Token(id, name, email, site, issuer, key string) string {
	encode := base64.RawURLEncoding.EncodeToString
	once := make([]byte, 16)
	rand.Read(once)
	now := time.Now().Unix()
	claims, _ := json.Marshal(map[string]any{"iss": issuer, "aud": site, "sub": id, "name": name, "email": email,
		"iat": now, "exp": now + 300, "jti": encode(once)})
	said := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(said))
	return said + "." + encode(mac.Sum(nil))
}
