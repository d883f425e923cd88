package api

import (
	"net/http"
	"strings"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

func (s *server) monitorRoutes(v1 *echo.Group) {
	v1.POST("/wallets/:wallet_id/monitors", s.asProject(s.setMonitor))
	v1.GET("/wallets/:wallet_id/monitors", s.asProject(s.listMonitors))
	v1.DELETE("/wallets/:wallet_id/monitors/:monitor_id", s.asProject(s.removeMonitor))
}

// POST /v1/wallets/{wallet_id}/monitors
func (s *server) setMonitor(c echo.Context, who caller) error {
	var body MonitorSet
	if err := decode(c, &body); err != nil {
		return err
	}
	threshold, err := requiredQuantity("threshold", body.Threshold, body.ThresholdMinor)
	if err != nil {
		return err
	}
	command := domain.SetMonitor{
		Project: who.project, Wallet: walletID(c), Metric: domain.MonitorMetric(body.Metric), Threshold: threshold,
	}
	receipt, err := s.do(c, who, command)
	if err != nil {
		return err
	}
	if len(receipt.Events) > 0 {
		made := receipt.Events[0].(*domain.MonitorSet)
		return answer(c, http.StatusCreated, func(w *resource.Writer) { resource.WriteMonitor(w, command.Wallet, &made.Monitor) })
	}
	wallet, _, err := s.wallet(c, who, command.Wallet)
	if err != nil {
		return err
	}
	for _, m := range wallet.Monitors() {
		if m.Metric == command.Metric && isThreshold(m.Threshold, &body) {
			return answer(c, http.StatusOK, func(w *resource.Writer) { resource.WriteMonitor(w, wallet.ID, &m) })
		}
	}
	return notFound("Monitor") // removed since
}

// GET /v1/wallets/{wallet_id}/monitors
func (s *server) listMonitors(c echo.Context, who caller) error {
	wallet, _, err := s.wallet(c, who, walletID(c))
	if err != nil {
		return err
	}
	return answerList(c, wallet.Monitors(), "", func(w *resource.Writer, m *domain.Monitor) { resource.WriteMonitor(w, wallet.ID, m) })
}

// DELETE /v1/wallets/{wallet_id}/monitors/{monitor_id}
func (s *server) removeMonitor(c echo.Context, who caller) error {
	command := domain.RemoveMonitor{Project: who.project, Wallet: walletID(c), Monitor: ids.Monitor(param(c, "monitor_id"))}
	if _, err := s.do(c, who, command); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// isThreshold reports whether a body asks for this threshold, in either unit.
func isThreshold(threshold money.Amount, body *MonitorSet) bool {
	have, asked := threshold.String(), body.Threshold
	if asked == "" {
		have, asked = strings.Replace(have, ".", "", 1), string(body.ThresholdMinor)
	}
	a, _ := money.Parse("", have)
	b, ok := money.Parse("", asked)
	return ok && a.Cmp(b) == 0
}
