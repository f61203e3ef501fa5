<?php // A fresh token for $user, or "" for nobody: <kibitz-comments sso-token="…">
function kibitz_token(?array $user, string $site, string $issuer, string $key): string
{
    if (!$user) return '';
    $encode = fn(string $bytes) => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $now = time();
    $claims = ['iss' => $issuer, 'aud' => $site, 'sub' => (string) $user['id'], 'name' => $user['name'],
        'email' => $user['email'], 'iat' => $now, 'exp' => $now + 300, 'jti' => bin2hex(random_bytes(16))];
    $said = $encode('{"alg":"HS256","typ":"JWT"}') . '.' . $encode(json_encode($claims, JSON_THROW_ON_ERROR));
    return $said . '.' . $encode(hash_hmac('sha256', $said, $key, true));
}
