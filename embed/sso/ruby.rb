# A fresh token for user, or "" for nobody: <kibitz-comments sso-token="…">
require "json"
require "openssl"
require "securerandom"

def kibitz_token(user, site:, issuer:, key:)
  return "" unless user
  encode = ->(bytes) { [bytes].pack("m0").tr("+/", "-_").delete("=") }
  now = Time.now.to_i
  claims = { iss: issuer, aud: site, sub: user[:id].to_s, name: user[:name], email: user[:email],
             iat: now, exp: now + 300, jti: SecureRandom.uuid }
  said = [{ alg: "HS256", typ: "JWT" }, claims].map { |part| encode.(part.to_json) }.join(".")
  "#{said}.#{encode.(OpenSSL::HMAC.digest("SHA256", key, said))}"
end
