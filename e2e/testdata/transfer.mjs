// The seed's own example (HOST Pay, "Implementation Example"), with
// host, keys and sender replaced.
const [host, apiKey, secretKey, sender] = process.argv.slice(2);

const options = {
  method: 'POST',
  headers: {
    'api-key': apiKey,
    'secret-key': secretKey,
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    sender_wallet_id: sender,
    recipient_identifier: '+23279123456',
    amount: 50.00,
    description: "Dinner split"
  })
};

fetch(host + '/api/v1/transactions/wallet/transfer/', options)
  .then(response => response.json())
  .then(data => console.log('Transfer complete:', data));
